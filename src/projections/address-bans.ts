import { type Cidr, parseCidr } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { EpochMs } from '../domain/time.ts';
import { keys, prefixRange } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { WriteBatch } from '../store/write-batch.ts';
import type { RecordOf } from './journal-records.ts';
import type { Projection } from './projection.ts';

export interface AddressBan {
  readonly range: string;
  readonly reason?: string;
  readonly until?: EpochMs;
}

/** `ban` is undefined when it was lifted. */
export interface AddressBanChange {
  readonly type: 'addressBan';
  readonly range: string;
  readonly ban?: AddressBan;
}

/** Banned addresses, in memory because every new connection is checked against them. */
export class AddressBansProjection implements Projection {
  readonly handlers = {
    'address.banned': (
      { range, banned, reason, until }: RecordOf<'address.banned'>,
      writes: WriteBatch,
    ): AddressBanChange[] => {
      if (!banned) {
        writes.delete(keys.bannedRange(range));
        return [{ type: 'addressBan', range }];
      }
      const ban: AddressBan = {
        range,
        ...defined({ reason, until }),
      };
      writes.write(keys.bannedRange(range), ban);
      return [{ type: 'addressBan', range, ban }];
    },
  };

  readonly onCommitted = {
    addressBan: ({ range, ban }: AddressBanChange) => {
      if (ban) this.#remember(ban);
      else this.#bans.delete(range);
    },
  };

  readonly #store: Store;
  readonly #bans = new Map<string, { readonly range: Cidr; readonly ban: AddressBan }>();

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<void> {
    for await (const [, text] of this.#store.range(prefixRange('ban/'))) this.#remember(JSON.parse(text) as AddressBan);
  }

  all(): Iterable<{ readonly range: Cidr; readonly ban: AddressBan }> {
    return this.#bans.values();
  }

  has(range: string): boolean {
    return this.#bans.has(range);
  }

  #remember(ban: AddressBan): void {
    const range = parseCidr(ban.range);
    if (range) this.#bans.set(ban.range, { range, ban });
  }
}
