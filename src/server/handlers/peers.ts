import { Failure } from '../../domain/failure.ts';
import { plain } from '../../domain/fold.ts';
import type { EventParams } from '../../protocol/events.ts';
import { newestPeer, type RegisteredPeer } from '../../room/presence.ts';
import type { Handlers } from '../handler.ts';
import { placeOfHost } from '../place.ts';
import type { Services } from '../services.ts';
import type { Visitor } from '../visitor.ts';

const ROUND_TRIPS = 4;
const ROUND_TRIP_MS = 1000;

export function peersHandlers({ view, presence, rendezvous, log }: Services): Handlers<'peer'> {
  /** The connections of a member. @throws Failure NOT_FOUND */
  const connectionsOf = (member: string) => {
    const connections = presence.attendants(member);
    if (connections.length > 0) return connections;
    throw new Failure('NOT_FOUND', `"${plain(member).slice(0, 64)}" is not there.`, { data: { field: 'member' } });
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
    'peer.connect': ({ member, key }, session) => {
      const { writer, peer } = session;
      if (!peer) {
        throw new Failure('NOT_ALLOWED', 'Register a peer on this connection first, by peer.register.');
      }
      const others = connectionsOf(member).filter((connection) => connection !== session);
      const other = newestPeer(others, key);
      if (!other) {
        throw new Failure(
          'NOT_AVAILABLE',
          key !== undefined && newestPeer(others)
            ? `${plain(member)} is there, but not with the peer that has this file.`
            : `${plain(member)} is there, but takes and gives no files now.`,
        );
      }
      const opened = rendezvous.introduce(session, other);
      const relay = rendezvous.willing;
      // To whom is between the two.
      log.debug({ event: 'peer.connect', member: writer.name }, 'introduced');
      other.introduced({ ...opened, side: 'b', ...seenFrom(session, peer), relay });
      return {
        ...opened,
        side: 'a',
        ...seenFrom(other, other.peer!),
        relay,
        ticket: `${opened.id}.${opened.secret}`,
      };
    },
    'peer.ping': async ({ member }) => {
      const connection = pingable(member);
      const { name } = connection.writer;
      const timesMs: (number | null)[] = [];
      for (let i = 0; i < ROUND_TRIPS; i++) {
        const ms = await connection.roundTrip(ROUND_TRIP_MS);
        timesMs.push(ms === undefined ? null : rounded(ms));
      }
      const came = timesMs.filter((ms) => ms !== null);
      const some = came.length > 0;
      return {
        status: 203,
        member: name,
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

/** What one of two peers is told of the other. */
function seenFrom(
  visitor: Visitor,
  { port, key, local }: RegisteredPeer,
): Pick<EventParams<'peer'>, 'member' | 'address' | 'port' | 'key' | 'local'> {
  return { member: visitor.writer.name, address: addressOf(visitor), port, key, local: [...local] };
}

/** Null on the control socket. */
function addressOf({ local, address }: Visitor): string | null {
  return local ? null : address;
}

/** To microseconds. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
