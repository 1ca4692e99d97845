import { type Cidr, cidrContains, describeInvalidCidr, parseCidr } from '../domain/address.ts';
import { AppError } from '../domain/app-error.ts';
import { sanitizeText } from '../domain/text.ts';
import type { EpochMs } from '../domain/time.ts';
import type { AddressBan } from '../projections/address-bans.ts';
import { appendNow, type RoomContext } from './append-to-journal.ts';

export class AddressBans {
  readonly #room: RoomContext;

  constructor(room: RoomContext) {
    this.#room = room;
  }

  /**
   * Bans an address or range, or lifts the ban. The caller ends the connections.
   * @param ban.by name of the author
   * @param ban.from address of the author; undefined on the control socket
   * @throws AppError INVALID_REQUEST for an invalid address, CONFLICT if the author would ban themselves
   */
  async ban(ban: {
    address: string;
    banned: boolean;
    reason?: string | undefined;
    until?: EpochMs | undefined;
    by: string;
    from?: string | undefined;
  }): Promise<Cidr> {
    const { banned, until, by, from } = ban;
    const range = parseCidr(ban.address);
    if (!range) {
      throw new AppError(
        'INVALID_REQUEST',
        sanitizeText(describeInvalidCidr(ban.address.slice(0, 64)) ?? '') ||
          `"${sanitizeText(ban.address).slice(0, 64)}" is not a valid address. Examples: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32.`,
        { data: { field: 'address' } },
      );
    }
    if (banned && from !== undefined && cidrContains(range, from)) {
      throw new AppError('CONFLICT', `Your own address is in ${range.text}. Ban it over the control socket.`);
    }
    if (!banned && !this.#room.readModel.addressBans.has(range.text)) return range;
    const reason = sanitizeText(ban.reason ?? '');
    await appendNow(this.#room, 'address.banned', {
      range: range.text,
      banned,
      by,
      ...(banned && reason !== '' ? { reason } : {}),
      ...(banned && until !== undefined ? { until } : {}),
    });
    return range;
  }

  find(address: string): AddressBan | undefined {
    const now = this.#room.now();
    for (const { range, ban } of this.#room.readModel.addressBans.all()) {
      if (isInForce(ban, now) && cidrContains(range, address)) return ban;
    }
    return undefined;
  }

  list(): AddressBan[] {
    const now = this.#room.now();
    const bans = [...this.#room.readModel.addressBans.all()].map(({ ban }) => ban).filter((ban) => isInForce(ban, now));
    return bans.sort((a, b) => (a.range < b.range ? -1 : 1));
  }
}

function isInForce({ until }: AddressBan, now: EpochMs): boolean {
  return until === undefined || until > now;
}
