import { connect as connectPlain, isIP, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Failure } from '../domain/failure.ts';
import { describeTarget, type Target } from './target.ts';

export interface Transport {
  readonly socket: Socket;
  /** SHA-256 of the daemon's certificate, hex; undefined where there is none (control socket, clear text). */
  readonly fingerprint: string | undefined;
}

/** A dead peer shows after this and ten unanswered probes, also while nobody writes. */
const KEEP_ALIVE_MS = 15_000;

/**
 * Connects the bytes. A certificate is told, not judged: the caller compares its fingerprint before it writes.
 * @throws Failure NO_DAEMON, CONNECTION_ENDED when `signal` gave up.
 */
export async function openTransport(target: Target, signal: AbortSignal): Promise<Transport> {
  if (target.kind === 'local') {
    return {
      socket: await connected(connectPlain({ path: target.path }), 'connect', target, signal),
      fingerprint: undefined,
    };
  }
  const { host, port } = target;
  if (target.kind === 'plain') {
    const socket = await connected(connectPlain({ host, port, noDelay: true }), 'connect', target, signal);
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
  const socket = (await connected(raw, 'secureConnect', target, signal)) as TLSSocket;
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  const fingerprint = socket.getPeerX509Certificate()?.fingerprint256.replaceAll(':', '').toLowerCase();
  if (fingerprint === undefined) {
    socket.destroy();
    throw new Failure('NO_DAEMON', `What answers at ${target.key} shows no certificate: it is no goldctl daemon.`);
  }
  return { socket, fingerprint };
}

function connected(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  target: Target,
  signal: AbortSignal,
): Promise<Socket> {
  socket.on('error', () => {}); // what follows the first error says nothing new, and must not end the process
  return new Promise((resolve, reject) => {
    const abort = () => refuse(signal.reason);
    const settle = () => {
      socket.off(event, done).off('error', refuse).off('close', ended);
      signal.removeEventListener('abort', abort);
    };
    const done = () => {
      settle();
      resolve(socket);
    };
    const refuse = (cause: unknown) => {
      settle();
      socket.destroy();
      reject(cause instanceof Failure ? cause : noDaemon(target, cause));
    };
    const ended = () => refuse(undefined);
    socket.on(event, done).on('error', refuse).on('close', ended);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort);
  });
}

/** What was tried, why it did not work, and what to do. */
export function noDaemon(target: Target, cause: unknown): Failure {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? '';
  const data = { server: target.key, ...(code ? { cause: code } : {}) };
  if (target.kind === 'local') {
    const why =
      code === 'ENOENT' || code === 'ECONNREFUSED'
        ? 'none runs here'
        : code === 'EACCES' || code === 'EPERM'
          ? 'it belongs to another user'
          : reason(code, cause);
    return new Failure(
      'NO_DAEMON',
      `No daemon answers on the control socket ${target.path}: ${why}. Start one with \`goldctl daemon start\`, or name one elsewhere with --server HOST:PORT.`,
      { cause, data },
    );
  }
  if (target.kind === 'tls' && (code === 'EPROTO' || code.startsWith('ERR_SSL'))) {
    return new Failure(
      'NO_DAEMON',
      `What answers at ${target.key} does not speak TLS 1.3, so it is no goldctl daemon. Check the address and the port; a daemon on this machine that was started with --plain is reached as --server tcp://${target.key}.`,
      { cause, data },
    );
  }
  return new Failure(
    'NO_DAEMON',
    `No daemon answers at ${target.key}: ${reason(code, cause)}. Check the address and the port, and that the daemon runs there.`,
    { cause, data },
  );
}

function reason(code: string, cause: unknown): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'there is no host of that name';
    case 'ETIMEDOUT':
      return 'it did not answer in time';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no way leads there';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'it ended the connection at once';
    default:
      return cause === undefined ? 'it ended the connection at once' : code || 'the connection failed';
  }
}

export function tooLate(target: Target, ms: number): Failure {
  const where = describeTarget(target);
  return new Failure(
    'NO_DAEMON',
    target.kind === 'local'
      ? `No daemon answers on ${where} within ${ms / 1000} s. \`goldctl daemon logs\` says what it does; \`goldctl daemon restart\` starts it anew.`
      : `No daemon answers at ${where} within ${ms / 1000} s. Check the address and the port, and that the daemon runs there.`,
    { data: { server: target.key, cause: 'ETIMEDOUT' } },
  );
}
