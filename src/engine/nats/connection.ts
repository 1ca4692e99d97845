import { readFile } from 'node:fs/promises';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { ConnectionOptions, NatsConnection } from '@nats-io/transport-node';
import { AppError } from '../../domain/app-error.ts';
import { defined } from '../../domain/defined.ts';
import type { NatsModules } from './nats-modules.ts';
import { checkServerVersion } from './server-version.ts';

/** How to reach the cluster. Files are read at each start. */
export interface NatsServers {
  readonly servers: readonly string[];
  /** Whether TLS is required. Otherwise it is used where the server requires it. */
  readonly tls: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly user?: string;
  readonly password?: string;
  /** File with the seed of an nkey. */
  readonly nkeyFile?: string;
  /** Credentials file as `nsc` writes it. */
  readonly credentialsFile?: string;
}

/** Nodes are close. An unreachable one must not delay the attempt to reach the next. */
const CONNECT_TIMEOUT_MS = 2500;
/** A hanging server is disconnected after twice this time. */
const PING_INTERVAL_MS = 1000;
const RECONNECT_DELAY_MS = 250;

/** @throws AppError NOT_AVAILABLE if no usable server accepts us; CONFIG_INVALID for invalid files */
export async function connectNats(modules: NatsModules, settings: NatsServers, name: string): Promise<NatsConnection> {
  const options: ConnectionOptions = {
    servers: [...settings.servers],
    name,
    timeout: CONNECT_TIMEOUT_MS,
    // Retry for ever: the cluster comes back.
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_DELAY_MS,
    reconnectJitter: RECONNECT_DELAY_MS,
    reconnectJitterTLS: RECONNECT_DELAY_MS,
    ignoreAuthErrorAbort: true,
    // Nodes announce addresses that their certificates do not contain. Connect only to the configured ones.
    ignoreClusterUpdates: true,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    ...(await tlsOptions(settings)),
    ...(await authOptions(modules, settings)),
  };
  let connection: NatsConnection;
  try {
    connection = await modules.connect(options);
  } catch (cause) {
    const what = (cause as Error).message.trim();
    const servers = settings.servers.join(', ');
    throw new AppError('NOT_AVAILABLE', `Cannot connect to any NATS server of ${servers}: ${what || 'no response'}.`, {
      cause,
      data: { servers: [...settings.servers] },
    });
  }
  try {
    assertUsableServer(connection);
  } catch (failure) {
    await connection.close();
    throw failure;
  }
  return connection;
}

/** @throws AppError NOT_AVAILABLE when the connected server cannot be used */
export function assertUsableServer(connection: NatsConnection): void {
  const server = connection.getServer();
  const { version = 'of an unknown version', jetstream } = connection.info ?? {};
  checkServerVersion(version, server);
  if (jetstream) return;
  throw new AppError(
    'NOT_AVAILABLE',
    `The NATS server ${server} has no JetStream: add \`jetstream { sync_interval: always }\` to its configuration.`,
    { data: { server } },
  );
}

async function tlsOptions({ servers, tls, caFile, certFile, keyFile }: NatsServers): Promise<ConnectionOptions> {
  const [ca, cert, key] = await Promise.all([
    readSettingFile('engine.caFile', caFile),
    readSettingFile('engine.certFile', certFile),
    readSettingFile('engine.keyFile', keyFile),
  ]);
  if (!tls && ca === undefined && cert === undefined) return {};
  const hosts = servers.map((server) => server.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
  const identity = {
    // The client loses the server's host name when it was given as an address.
    checkServerIdentity: (host: string, certificate: PeerCertificate) =>
      hosts.some((name) => checkServerIdentity(name, certificate) === undefined)
        ? undefined
        : checkServerIdentity(host, certificate),
  };
  return {
    tls: {
      ...identity,
      ...defined({ ca, cert, key }),
    },
  };
}

async function authOptions(modules: NatsModules, settings: NatsServers): Promise<ConnectionOptions> {
  const { user, password, nkeyFile, credentialsFile } = settings;
  const nkey = await readSettingFile('engine.nkeyFile', nkeyFile);
  const credentials = await readSettingFile('engine.credentialsFile', credentialsFile);
  if (credentials !== undefined) {
    if (!/BEGIN NATS USER JWT/.test(credentials)) {
      throw new AppError(
        'CONFIG_INVALID',
        `engine.credentialsFile: ${credentialsFile} is not a NATS credentials file. \`nsc generate creds\` writes one.`,
      );
    }
    return { authenticator: modules.credsAuthenticator(Buffer.from(credentials)) };
  }
  if (nkey !== undefined) {
    if (!/^SU[A-Z2-7]{56}$/.test(nkey.trim())) {
      throw new AppError(
        'CONFIG_INVALID',
        `engine.nkeyFile: ${nkeyFile} is not the seed of a user nkey. \`nk -gen user\` writes one.`,
      );
    }
    return { authenticator: modules.nkeyAuthenticator(Buffer.from(nkey.trim())) };
  }
  if (user !== undefined) return { user, ...defined({ pass: password }) };
  return {};
}

async function readSettingFile(setting: string, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('CONFIG_INVALID', `${setting}: ${file} cannot be read (${code}).`, { cause });
  }
}
