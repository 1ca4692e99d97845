import { connect as connectPlain, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { AppError } from '../domain/app-error.ts';
import { describeTarget, type Target } from './target.ts';

export interface Transport {
  readonly socket: Socket;
  /** SHA-256 of the daemon's certificate, hex; undefined for the control socket and clear text. */
  readonly fingerprint: string | undefined;
}

/** Detects a dead peer, together with ten unanswered probes, even if nobody writes. */
const KEEP_ALIVE_MS = 15_000;

/** The caller must check the certificate's fingerprint before writing. @throws AppError NO_DAEMON, CONNECTION_ENDED */
export async function openTransport(target: Target, signal: AbortSignal): Promise<Transport> {
  if (target.kind === 'local') {
    const socket = await waitForConnect(connectPlain({ path: target.path }), 'connect', target, signal);
    return { socket, fingerprint: undefined };
  }
  const { host, port } = target;
  if (target.kind === 'plain') {
    const socket = await waitForConnect(connectPlain({ host, port, noDelay: true }), 'connect', target, signal);
    return { socket: socket.setKeepAlive(true, KEEP_ALIVE_MS), fingerprint: undefined };
  }
  const { connect } = await import('node:tls');
  const raw = connect({
    host,
    port,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [],
    // Daemons sign their own certificates: trust is the pinned fingerprint (known-hosts.ts), not an authority.
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? { servername: host } : {}),
  });
  const socket = (await waitForConnect(raw, 'secureConnect', target, signal)) as TLSSocket;
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase();
  if (fingerprint === undefined) {
    socket.destroy();
    throw new AppError('NO_DAEMON', `The server at ${target.key} has no certificate, so it is not a goldctl daemon.`);
  }
  return { socket, fingerprint };
}

function waitForConnect(socket: Socket, event: string, target: Target, signal: AbortSignal): Promise<Socket> {
  socket.on('error', () => {}); // errors after the first say nothing new, and must not end the process
  return new Promise((resolve, reject) => {
    const onAbort = () => fail(signal.reason);
    const settle = () => {
      socket.off(event, onConnect).off('error', fail).off('close', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    const onConnect = () => {
      settle();
      resolve(socket);
    };
    const fail = (cause: unknown) => {
      settle();
      socket.destroy();
      reject(cause instanceof AppError ? cause : connectError(target, cause));
    };
    const onClose = () => fail(undefined);
    socket.on(event, onConnect).on('error', fail).on('close', onClose);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
}

export function connectError(target: Target, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  const data = { server: target.key, ...(code ? { cause: code } : {}) };
  if (target.kind === 'local') {
    const why =
      code === 'ENOENT' || code === 'ECONNREFUSED'
        ? 'it is not running'
        : code === 'EACCES' || code === 'EPERM'
          ? 'it belongs to another user'
          : describeCause(code, cause);
    return new AppError(
      'NO_DAEMON',
      `No daemon responds on the control socket ${target.path}: ${why}. Start one with \`goldctl daemon start\`, or connect to another one with --server HOST:PORT.`,
      { cause, data },
    );
  }
  if (target.kind === 'tls' && (code === 'EPROTO' || code.startsWith('ERR_SSL'))) {
    return new AppError(
      'NO_DAEMON',
      `The server at ${target.key} does not speak TLS 1.3, so it is not a goldctl daemon. Check the address and the port; a local daemon started with --plain is reached with --server tcp://${target.key}.`,
      { cause, data },
    );
  }
  return new AppError(
    'NO_DAEMON',
    `No daemon responds at ${target.key}: ${describeCause(code, cause)}. Check the address and the port, and that the daemon is running.`,
    { cause, data },
  );
}

const CAUSES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'unknown host',
  EAI_AGAIN: 'unknown host',
  ETIMEDOUT: 'the connection timed out',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'no route to host',
  ECONNRESET: 'the connection was closed at once',
  EPIPE: 'the connection was closed at once',
};

function describeCause(code: string, cause: unknown): string {
  return CAUSES[cause === undefined ? 'EPIPE' : code] ?? (code || 'the connection failed');
}

export function connectTimeoutError(target: Target, ms: number): AppError {
  const where = describeTarget(target);
  return new AppError(
    'NO_DAEMON',
    target.kind === 'local'
      ? `No daemon responded on ${where} within ${ms / 1000} s. See \`goldctl daemon logs\`; \`goldctl daemon restart\` restarts it.`
      : `No daemon responded at ${where} within ${ms / 1000} s. Check the address and the port, and that the daemon is running.`,
    { data: { server: target.key, cause: 'ETIMEDOUT' } },
  );
}
