import { type AddressRange, parseRange } from '../domain/address.ts';
import type { Instant } from '../domain/instant.ts';
import type { Change } from '../engine/contract.ts';
import type { Draft } from '../store/draft.ts';
import { keys, within } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { RecordOf } from './records.ts';
import type { Part } from './view.ts';

export interface AddressBan {
  readonly range: string;
  readonly reason?: string;
  /** The ban ends by itself then. */
  readonly until?: Instant;
}

/** Addresses that are kept out, in memory: every connection is held against them. */
export class AddressBansView implements Part {
  readonly kinds = {
    'address.banned': ({ range, banned, reason, until }: RecordOf<'address.banned'>, draft: Draft): Change[] => {
      if (!banned) {
        draft.delete(keys.bannedRange(range));
        return [{ type: 'addressBan', range }];
      }
      const ban: AddressBan = {
        range,
        ...(reason === undefined ? {} : { reason }),
        ...(until === undefined ? {} : { until }),
      };
      draft.write(keys.bannedRange(range), ban);
      return [{ type: 'addressBan', range, ban }];
    },
  };

  readonly #store: Store;
  readonly #bans = new Map<string, { readonly range: AddressRange; readonly ban: AddressBan }>();

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for await (const [, text] of this.#store.range(within('ban/'))) this.#keep(JSON.parse(text) as AddressBan);
  }

  committed(change: Change): void {
    if (change.type !== 'addressBan') return;
    if (change.ban) this.#keep(change.ban as AddressBan);
    else this.#bans.delete(change.range as string);
  }

  /** Every one, over or not. */
  all(): Iterable<{ readonly range: AddressRange; readonly ban: AddressBan }> {
    return this.#bans.values();
  }

  has(range: string): boolean {
    return this.#bans.has(range);
  }

  #keep(ban: AddressBan): void {
    const range = parseRange(ban.range);
    if (range) this.#bans.set(ban.range, { range, ban });
  }
}
