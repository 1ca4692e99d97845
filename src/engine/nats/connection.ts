import { readFile } from 'node:fs/promises';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { Failure } from '../../domain/failure.ts';
import type { Clients } from './clients.ts';
import { checkServerVersion } from './version.ts';

/** How to reach the cluster. Files are read at each start. */
export interface NatsServers {
  /** `host:port`, in any order. */
  readonly servers: readonly string[];
  /** Whether TLS is required; without it, it is used where the server asks for it. */
  readonly tls: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly user?: string;
  readonly password?: string;
  /** A file with the seed of an nkey. */
  readonly nkeyFile?: string;
  /** A file of credentials, as `nsc` writes them. */
  readonly credentialsFile?: string;
}

/** Nodes are near. One that is cut off must not keep us long from trying the next. */
const CONNECT_MS = 2500;
/** A server that hangs is left after twice this long. */
const PING_MS = 1000;
const RECONNECT_MS = 250;

/** @throws Failure NOT_AVAILABLE when none answers, refuses us or is too old; CONFIG_INVALID for files that do not fit */
export async function connectNats(clients: Clients, settings: NatsServers, name: string): Promise<NatsConnection> {
  const options: ConnectionOptions = {
    servers: [...settings.servers],
    name,
    timeout: CONNECT_MS,
    // For ever: the cluster comes back.
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_MS,
    reconnectJitterTLS: RECONNECT_MS,
    ignoreAuthErrorAbort: true,
    // Nodes tell addresses of one another that certificates do not: who is named by the settings is asked, and no other.
    ignoreClusterUpdates: true,
    pingInterval: PING_MS,
    maxPingOut: 2,
    ...(await tlsOf(settings)),
    ...(await credentialsOf(clients, settings)),
  };
  let connection: NatsConnection;
  try {
    connection = await clients.connect(options);
  } catch (cause) {
    const what = (cause as Error).message.trim();
    const servers = settings.servers.join(', ');
    throw new Failure('NOT_AVAILABLE', `No NATS server of ${servers} takes us: ${what || 'none answers'}.`, {
      cause,
      data: { servers: [...settings.servers] },
    });
  }
  try {
    checkServer(connection);
  } catch (failure) {
    await connection.close();
    throw failure;
  }
  return connection;
}

/** @throws Failure NOT_AVAILABLE when the server that we are connected to is none for us */
export function checkServer(connection: NatsConnection): void {
  const server = connection.getServer();
  const { version = 'of an unknown version', jetstream } = connection.info ?? {};
  checkServerVersion(version, server);
  if (jetstream) return;
  throw new Failure(
    'NOT_AVAILABLE',
    `The NATS server ${server} has no JetStream: add \`jetstream { sync_interval: always }\` to its settings.`,
    { data: { server } },
  );
}

async function tlsOf({ servers, tls, caFile, certFile, keyFile }: NatsServers): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all([
    text('engine.caFile', caFile),
    text('engine.certFile', certFile),
    text('engine.keyFile', keyFile),
  ]);
  if (!tls && ca === undefined && cert === undefined) return {};
  const hosts = servers.map((server) => server.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
  const identity = {
    // The client forgets the name of a server that is named by its address.
    checkServerIdentity: (host: string, certificate: PeerCertificate) =>
      hosts.some((name) => checkServerIdentity(name, certificate) === undefined)
        ? undefined
        : checkServerIdentity(host, certificate),
  };
  return {
    tls: {
      ...identity,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    },
  };
}

async function credentialsOf(clients: Clients, settings: NatsServers): Promise<ConnectionOptions> {
  const { user, password, nkeyFile, credentialsFile } = settings;
  const nkey = await text('engine.nkeyFile', nkeyFile);
  const credentials = await text('engine.credentialsFile', credentialsFile);
  if (credentials !== undefined) {
    if (!/BEGIN NATS USER JWT/.test(credentials)) {
      throw new Failure(
        'CONFIG_INVALID',
        `engine.credentialsFile: ${credentialsFile} is no file of NATS credentials, as \`nsc generate creds\` writes them.`,
      );
    }
    return { authenticator: clients.credsAuthenticator(Buffer.from(credentials)) };
  }
  if (nkey !== undefined) {
    if (!/^SU[A-Z2-7]{56}$/.test(nkey.trim())) {
      throw new Failure(
        'CONFIG_INVALID',
        `engine.nkeyFile: ${nkeyFile} is no seed of a user, as \`nk -gen user\` writes it.`,
      );
    }
    return { authenticator: clients.nkeyAuthenticator(Buffer.from(nkey.trim())) };
  }
  if (user !== undefined) return { user, ...(password === undefined ? {} : { pass: password }) };
  return {};
}

async function text(setting: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Failure('CONFIG_INVALID', `${setting}: ${file} cannot be read (${code}).`, { cause });
  }
}
