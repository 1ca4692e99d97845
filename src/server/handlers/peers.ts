import { Failure } from '../../domain/failure.ts';
import { plain } from '../../domain/fold.ts';
import { nameKey } from '../../domain/name.ts';
import { sourceOf } from '../../domain/source-key.ts';
import type { EventParams } from '../../protocol/events.ts';
import { newestPeer, type RegisteredPeer } from '../../room/presence.ts';
import type { Afar } from '../../room/roll.ts';
import type { Handlers } from '../handler.ts';
import { placeOfHost } from '../place.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session.ts';
import type { Visitor } from '../visitor.ts';

const ROUND_TRIPS = 4;
const ROUND_TRIP_MS = 1000;

/** What is asked of the daemon that has the connection which is to be introduced. */
interface Introduce {
  readonly member: string;
  /** Number of the connection. */
  readonly id: number;
  readonly event: EventParams<'peer'>;
}

export function peersHandlers({ view, presence, daemons, rendezvous, meetingPlace, log }: Services): Handlers<'peer'> {
  daemons.answer('introduce', ({ member, id, event }: Introduce) => {
    const visitor = presence.attendant(member, id);
    if (!visitor?.peer) throw takesNoFiles(event.member);
    visitor.introduced(event);
    return {};
  });
  daemons.answer('ping', ({ member }: { member: string }) => roundTrips(pingable(member)));

  /** As whom the asker is introduced, and where the two meet: at this daemon, wherever the other one is connected. */
  const introduce = async (session: Session, own: RegisteredPeer, other: Visitor | Afar) => {
    const holder = { member: nameKey(session.writer.name), source: sourceOf(session.address) };
    const relay = rendezvous.wouldRelay(holder);
    if (!('daemon' in other)) {
      const opened = rendezvous.introduce(session, other, holder);
      other.introduced({ ...opened, side: 'b', ...seenFrom(session, session.writer.name, own), relay });
      return { ...opened, relay };
    }
    const place = meetingPlace(session.connection.hostAddress);
    if (!place) {
      throw new Failure(
        'NOT_AVAILABLE',
        'The other one is connected to another daemon of this room, and this daemon does not know by which address he can reach it. Its owner sets listen.public.',
      );
    }
    const opened = rendezvous.introduce(session, other, holder);
    const event: EventParams<'peer'> = {
      ...opened,
      side: 'b',
      ...seenFrom(session, session.writer.name, own),
      relay,
      daemon: place,
    };
    const { daemon, member, id } = other;
    try {
      await daemons.ask(daemon, 'introduce', { member, id, event } satisfies Introduce);
    } catch (thrown) {
      rendezvous.close(opened.id);
      throw thrown;
    }
    return { ...opened, relay };
  };

  /** The latest connection of a member that can be pinged. @throws Failure NOT_FOUND, NOT_AVAILABLE */
  const pingable = (member: string) => {
    const connections = presence.attendants(member);
    const connection = connections.findLast(({ canBePinged }) => canBePinged);
    if (connection) return connection;
    const name = plain(member).slice(0, 64);
    const [old] = connections;
    if (old) {
      throw new Failure('NOT_AVAILABLE', `${name} is here by an old ${old.old?.dialect} client, which knows no ping.`);
    }
    const known = view.accounts.byName(member) !== undefined;
    throw new Failure(
      'NOT_FOUND',
      known ? `Host ${name} is offline.` : `User not found: there is no account "${name}".`,
      {
        data: { field: 'member' },
      },
    );
  };

  return {
    'peer.register': ({ port, key, local, offers }, session) => {
      const places = local.map((place, i) => {
        const found = placeOfHost(place);
        if (found) return found;
        throw new Failure('INVALID_PARAMS', `"${plain(place.address)}" is no address of a host.`, {
          data: { path: `/local/${i}/address` },
        });
      });
      session.register({ port, key, local: places, offers });
      return { address: addressOf(session) };
    },
    'peer.connect': async ({ member, key }, session) => {
      const { writer, peer } = session;
      if (!peer) {
        throw new Failure('NOT_ALLOWED', 'Register a peer on this connection first, by peer.register.');
      }
      const connections = presence.connections(member);
      if (connections.length === 0) throw notThere(member);
      const others = connections.filter((connection) => connection !== session);
      const other = newestPeer(others, key);
      if (!other) {
        throw key !== undefined && newestPeer(others)
          ? new Failure('NOT_AVAILABLE', `${plain(member)} is there, but not with the peer that has this file.`)
          : takesNoFiles(member);
      }
      const theirs = other.peer!;
      const name = presence.nameOf(member);
      const { id, secret, relay } = await introduce(session, peer, other);
      // To whom is between the two.
      log.debug({ event: 'peer.connect', member: writer.name }, 'introduced');
      return { id, secret, side: 'a', ...seenFrom(other, name, theirs), relay, ticket: `${id}.${secret}` };
    },
    'peer.ping': async ({ member }) => {
      const afar = presence.connections(member).find((each) => 'daemon' in each);
      const timesMs =
        presence.attendants(member).length === 0 && afar && 'daemon' in afar
          ? ((await daemons.ask(afar.daemon, 'ping', { member }, ROUND_TRIPS * ROUND_TRIP_MS + 1000)) as Times)
          : await roundTrips(pingable(member));
      const came = timesMs.filter((ms) => ms !== null);
      const some = came.length > 0;
      return {
        status: 203,
        member: presence.nameOf(member),
        sent: ROUND_TRIPS,
        received: came.length,
        minMs: some ? Math.min(...came) : null,
        avgMs: some ? rounded(came.reduce((sum, ms) => sum + ms, 0) / came.length) : null,
        maxMs: some ? Math.max(...came) : null,
        timesMs,
      };
    },
  };
}

/** Milliseconds of each round trip, null where nothing came back. */
type Times = (number | null)[];

async function roundTrips(visitor: Visitor): Promise<Times> {
  const timesMs: Times = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const ms = await visitor.roundTrip(ROUND_TRIP_MS);
    timesMs.push(ms === undefined ? null : rounded(ms));
  }
  return timesMs;
}

function notThere(member: string): Failure {
  return new Failure('NOT_FOUND', `"${plain(member).slice(0, 64)}" is not there.`, { data: { field: 'member' } });
}

function takesNoFiles(member: string): Failure {
  return new Failure('NOT_AVAILABLE', `${plain(member)} is there, but takes and gives no files now.`);
}

/** What one of two peers is told of the other. */
function seenFrom(
  connection: Visitor | Afar,
  member: string,
  { port, key, local }: RegisteredPeer,
): Pick<EventParams<'peer'>, 'member' | 'address' | 'port' | 'key' | 'local'> {
  return { member, address: addressOf(connection), port, key, local: [...local] };
}

/** Null on the control socket. */
function addressOf({ local, address }: Visitor | Afar): string | null {
  return local ? null : address;
}

/** To microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
