/** Who a slot is charged to. */
export interface SlotHolder {
  /** Key of the account. */
  readonly member: string;
  /** Source of the connection (`rateLimitKey`). */
  readonly source: string;
}

/** An office behind one router is one source: its members together may hold more than one member. */
const SOURCE_WEIGHT = 3;

/**
 * Slots shared by members. A member may hold no more slots than are free, and a source at most three times as many. So
 * one member alone gets half of them, one source three quarters, and a newcomer finds a free slot until very many
 * members hold some. Slots are never revoked.
 */
export class FairShare {
  readonly #capacity: () => number;
  readonly #countByKey = new Map<string, number>();
  #used = 0;

  /** @param capacity read at each use, because settings change at runtime */
  constructor(capacity: () => number) {
    this.#capacity = capacity;
  }

  get used(): number {
    return this.#used;
  }

  allows({ member, source }: SlotHolder): boolean {
    const free = this.#capacity() - this.#used;
    return this.#count(memberKey(member)) < free && this.#count(sourceKey(source)) < SOURCE_WEIGHT * free;
  }

  /** @returns whether there was a slot; the caller releases each slot once */
  take(holder: SlotHolder): boolean {
    if (!this.allows(holder)) return false;
    this.#add(holder, 1);
    return true;
  }

  release(holder: SlotHolder): void {
    this.#add(holder, -1);
  }

  #add({ member, source }: SlotHolder, change: 1 | -1): void {
    this.#used += change;
    for (const key of [memberKey(member), sourceKey(source)]) {
      const count = this.#count(key) + change;
      if (count > 0) this.#countByKey.set(key, count);
      else this.#countByKey.delete(key);
    }
  }

  #count(key: string): number {
    return this.#countByKey.get(key) ?? 0;
  }
}

function memberKey(member: string): string {
  return `member ${member}`;
}

function sourceKey(source: string): string {
  return `source ${source}`;
}
