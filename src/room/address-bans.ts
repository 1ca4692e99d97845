import { type AddressRange, isWithin, parseRange } from '../domain/address.ts';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import type { Instant } from '../domain/instant.ts';
import type { Journal } from '../engine/contract.ts';
import type { AddressBan } from '../view/address-bans.ts';
import type { View } from '../view/view.ts';
import { append } from './append.ts';

/** Whom the room keeps out by where they come from, whatever account they have. */
export class AddressBans {
  readonly #journal: Journal;
  readonly #view: View;
  readonly #now: () => Instant;

  constructor(room: { journal: Journal; view: View; now: () => Instant }) {
    this.#journal = room.journal;
    this.#view = room.view;
    this.#now = room.now;
  }

  /**
   * Keeps an address or a range out, or lets it in again. Connections are not this class's to end.
   * @param ban.by who does it
   * @param ban.from where that one is; undefined on the control socket
   * @throws Failure INVALID_REQUEST for what is no address, CONFLICT where it would keep its maker out
   */
  async ban(ban: {
    address: string;
    banned: boolean;
    reason?: string | undefined;
    until?: Instant | undefined;
    by: string;
    from?: string | undefined;
  }): Promise<AddressRange> {
    const { banned, until, by, from } = ban;
    const range = parseRange(ban.address);
    if (!range) {
      throw new Failure(
        'INVALID_REQUEST',
        `"${plain(ban.address).slice(0, 64)}" is no address. Write one as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32.`,
        { data: { field: 'address' } },
      );
    }
    if (banned && from !== undefined && isWithin(range, from)) {
      throw new Failure('CONFLICT', `You come from ${range.text} yourself. Ban it over the control socket.`);
    }
    if (!banned && !this.#view.addressBans.has(range.text)) return range;
    const reason = plain(ban.reason ?? '');
    await append(this.#journal, 'address.banned', this.#now(), {
      range: range.text,
      banned,
      by,
      ...(banned && reason !== '' ? { reason } : {}),
      ...(banned && until !== undefined ? { until } : {}),
    });
    return range;
  }

  /** The ban that keeps this address out now. */
  find(address: string): AddressBan | undefined {
    const now = this.#now();
    for (const { range, ban } of this.#view.addressBans.all()) {
      if (isHeld(ban, now) && isWithin(range, address)) return ban;
    }
    return undefined;
  }

  /** Those that hold now, by their text. */
  list(): AddressBan[] {
    const now = this.#now();
    const bans = [...this.#view.addressBans.all()].map(({ ban }) => ban).filter((ban) => isHeld(ban, now));
    return bans.sort((a, b) => (a.range < b.range ? -1 : 1));
  }
}

function isHeld({ until }: AddressBan, now: Instant): boolean {
  return until === undefined || until > now;
}
