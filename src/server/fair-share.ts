/** Who a slot is charged to. */
export interface Holder {
  /** Key of the account. */
  readonly member: string;
  /** Where it is connected from (`sourceOf`). */
  readonly source: string;
}

/** How much more than a member all members of one source may hold: an office behind one router is one source. */
const SOURCE_WEIGHT = 3;

/**
 * Slots that members share. A member may hold no more slots than are free, and a source no more than three times as
 * many: a member alone gets half of them, a source alone three quarters, and there is a free slot for somebody who
 * holds none until very many hold some. No slot is taken back.
 */
export class FairShare {
  readonly #capacity: () => number;
  readonly #held = new Map<string, number>();
  #used = 0;

  /** @param capacity read at each use: settings change while the daemon runs */
  constructor(capacity: () => number) {
    this.#capacity = capacity;
  }

  get used(): number {
    return this.#used;
  }

  /** Whether `take` would succeed. */
  allows({ member, source }: Holder): boolean {
    const free = this.#capacity() - this.#used;
    return this.#count(memberKey(member)) < free && this.#count(sourceKey(source)) < SOURCE_WEIGHT * free;
  }

  /** @returns whether there was a slot; each one that was taken is released once */
  take(holder: Holder): boolean {
    if (!this.allows(holder)) return false;
    this.#add(holder, 1);
    return true;
  }

  release(holder: Holder): void {
    this.#add(holder, -1);
  }

  #add({ member, source }: Holder, change: 1 | -1): void {
    this.#used += change;
    for (const key of [memberKey(member), sourceKey(source)]) {
      const count = this.#count(key) + change;
      if (count > 0) this.#held.set(key, count);
      else this.#held.delete(key);
    }
  }

  #count(key: string): number {
    return this.#held.get(key) ?? 0;
  }
}

function memberKey(member: string): string {
  return `member ${member}`;
}

function sourceKey(source: string): string {
  return `source ${source}`;
}
