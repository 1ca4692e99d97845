import { canonicalName } from '../../domain/account.ts';
import { AppError } from '../../domain/app-error.ts';
import { rateLimitKey } from '../../domain/rate-limit-key.ts';
import { sanitizeText } from '../../domain/text.ts';
import type { EventParams } from '../../protocol/events.ts';
import { latestPeer, type RegisteredPeer } from '../../room/presence-connection.ts';
import type { RemoteConnection } from '../../room/remote-presence.ts';
import type { ClientConnection } from '../client-connection.ts';
import type { HandlerGroup } from '../handler.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session.ts';
import { parseUnicastEndpoint } from '../unicast-endpoint.ts';

const PING_COUNT = 4;
const PING_TIMEOUT_MS = 1000;

/** Request to the daemon that has the other member's connection. */
interface IntroduceRequest {
  readonly member: string;
  /** Number of the connection. */
  readonly id: number;
  readonly event: EventParams<'peer'>;
}

export function peersHandlers({
  view,
  presence,
  cluster,
  introductionServer,
  publicUdpEndpoint,
  log,
}: Services): HandlerGroup<'peer'> {
  cluster.handle('introduce', ({ member, id, event }: IntroduceRequest) => {
    const connection = presence.localConnection(member, id);
    if (!connection?.peer) throw acceptsNoFilesError(event.member);
    connection.notifyIntroduction(event);
    return {};
  });
  cluster.handle('ping', ({ member }: { member: string }) => measureRoundTrips(pingable(member)));

  /** Introduces two peers. They meet at this daemon, whichever daemon the other one is connected to. */
  const introduce = async (session: Session, own: RegisteredPeer, other: ClientConnection | RemoteConnection) => {
    const holder = { member: canonicalName(session.writer.name), source: rateLimitKey(session.address) };
    const relay = introductionServer.canRelay(holder);
    if (!('daemon' in other)) {
      const credentials = introductionServer.introduce(session, other, holder);
      other.notifyIntroduction({
        ...credentials,
        side: 'b',
        ...describePeer(session, session.writer.name, own),
        relay,
      });
      return { ...credentials, relay };
    }
    const endpoint = publicUdpEndpoint(session.connection.hostAddress);
    if (!endpoint) {
      throw new AppError(
        'NOT_AVAILABLE',
        'The other member is connected to another daemon of this cluster, and this daemon has no address at which they can reach it. The owner can set listen.public.',
      );
    }
    const opened = introductionServer.introduce(session, other, holder);
    const event: EventParams<'peer'> = {
      ...opened,
      side: 'b',
      ...describePeer(session, session.writer.name, own),
      relay,
      daemon: endpoint,
    };
    const { daemon, member, id } = other;
    try {
      await cluster.request(daemon, 'introduce', { member, id, event } satisfies IntroduceRequest);
    } catch (thrown) {
      introductionServer.close(opened.id);
      throw thrown;
    }
    return { ...opened, relay };
  };

  /** The latest connection of a member that can be pinged. @throws AppError NOT_FOUND, NOT_AVAILABLE */
  const pingable = (member: string) => {
    const connections = presence.localConnections(member);
    const connection = connections.findLast(({ canBePinged }) => canBePinged);
    if (connection) return connection;
    const name = sanitizeText(member).slice(0, 64);
    const [legacy] = connections;
    if (legacy) {
      throw new AppError('NOT_AVAILABLE', `${name} uses a legacy ${legacy.old?.dialect} client, which has no ping.`);
    }
    const known = view.accounts.byName(member) !== undefined;
    throw new AppError(
      'NOT_FOUND',
      known ? `Host ${name} is offline.` : `User not found: there is no account "${name}".`,
      {
        data: { field: 'member' },
      },
    );
  };

  return {
    'peer.register': ({ port, key, local, offers }, session) => {
      const endpoints = local.map((endpoint, i) => {
        const found = parseUnicastEndpoint(endpoint);
        if (found) return found;
        throw new AppError('INVALID_PARAMS', `"${sanitizeText(endpoint.address)}" is not a host address.`, {
          data: { path: `/local/${i}/address` },
        });
      });
      session.registerPeer({ port, key, local: endpoints, offers });
      return { address: wireAddress(session) };
    },
    'peer.connect': async ({ member, key }, session) => {
      const { writer, peer } = session;
      if (!peer) {
        throw new AppError('NOT_ALLOWED', 'Register a peer on this connection first, with peer.register.');
      }
      const connections = presence.connections(member);
      if (connections.length === 0) throw memberOfflineError(member);
      const others = connections.filter((connection) => connection !== session);
      const other = latestPeer(others, key);
      if (!other) {
        throw key !== undefined && latestPeer(others)
          ? new AppError(
              'NOT_AVAILABLE',
              `${sanitizeText(member)} is online, but not with the peer that has this file.`,
            )
          : acceptsNoFilesError(member);
      }
      const theirs = other.peer!;
      const name = presence.nameOf(member);
      const { id, secret, relay } = await introduce(session, peer, other);
      // The log does not name the other member: that is private to the two.
      log.debug({ event: 'peer.connect', member: writer.name }, 'introduced');
      return { id, secret, side: 'a', ...describePeer(other, name, theirs), relay, ticket: `${id}.${secret}` };
    },
    'peer.ping': async ({ member }) => {
      const remote = presence.connections(member).find((each) => 'daemon' in each);
      const timesMs =
        presence.localConnections(member).length === 0 && remote && 'daemon' in remote
          ? ((await cluster.request(
              remote.daemon,
              'ping',
              { member },
              PING_COUNT * PING_TIMEOUT_MS + 1000,
            )) as RoundTripTimes)
          : await measureRoundTrips(pingable(member));
      const answered = timesMs.filter((ms) => ms !== null);
      const hasAnswers = answered.length > 0;
      return {
        status: 203,
        member: presence.nameOf(member),
        sent: PING_COUNT,
        received: answered.length,
        minMs: hasAnswers ? Math.min(...answered) : null,
        avgMs: hasAnswers ? roundToMicroseconds(answered.reduce((sum, ms) => sum + ms, 0) / answered.length) : null,
        maxMs: hasAnswers ? Math.max(...answered) : null,
        timesMs,
      };
    },
  };
}

/** Milliseconds of each round trip; null if no answer came. */
type RoundTripTimes = (number | null)[];

async function measureRoundTrips(connection: ClientConnection): Promise<RoundTripTimes> {
  const timesMs: RoundTripTimes = [];
  for (let i = 0; i < PING_COUNT; i++) {
    const ms = await connection.roundTrip(PING_TIMEOUT_MS);
    timesMs.push(ms === undefined ? null : roundToMicroseconds(ms));
  }
  return timesMs;
}

function memberOfflineError(member: string): AppError {
  const name = sanitizeText(member).slice(0, 64);
  return new AppError('NOT_FOUND', `"${name}" is not online.`, { data: { field: 'member' } });
}

function acceptsNoFilesError(member: string): AppError {
  return new AppError('NOT_AVAILABLE', `${sanitizeText(member)} is online, but does not accept or offer files now.`);
}

/** What one peer learns about the other. */
function describePeer(
  connection: ClientConnection | RemoteConnection,
  member: string,
  { port, key, local }: RegisteredPeer,
): Pick<EventParams<'peer'>, 'member' | 'address' | 'port' | 'key' | 'local'> {
  return { member, address: wireAddress(connection), port, key, local: [...local] };
}

/** Null on the control socket. */
function wireAddress({ local, address }: ClientConnection | RemoteConnection): string | null {
  return local ? null : address;
}

function roundToMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
