import { rateLimitKey } from '../domain/rate-limit-key.ts';
import type { ClientLimits } from './limits.ts';

/** Units of work. An ordinary call costs one. */
export const WORK_UNITS = {
  line: 1,
  /** In addition to its line. */
  password: 30,
  /** In addition to its line. */
  scan: 4,
} as const;

/** Long lines cost more: parsing is linear in the length. */
const CHARACTERS_PER_UNIT = 16 * 1024;
/** The budget of a member or an anonymous source, in multiples of the limits of one connection. */
const CONNECTIONS_PER_PAYER = 5;
/** Beyond this, the oldest account is dropped and starts again full. */
const MAX_WORK_ACCOUNTS = 20_000;

interface RefillRate {
  /** Units per second in the long run. */
  perSecond(): number;
  /** Units at once. */
  burst(): number;
}

/**
 * The balance of one payer, refilled over time. Work is charged in full before it is done, so the balance can fall
 * below zero; the payer's next work then waits until it is positive.
 */
export class WorkAccount {
  readonly payer: string;
  readonly #rate: RefillRate;
  #balance: number;
  #refilledAt: number;

  /** @param now monotonic milliseconds */
  constructor(payer: string, rate: RefillRate, now: number) {
    this.payer = payer;
    this.#rate = rate;
    this.#balance = rate.burst();
    this.#refilledAt = now;
  }

  /** Charges if the balance is positive. @returns 0, or the milliseconds until it is; nothing is charged then */
  tryCharge(units: number, now: number): number {
    this.#refill(now);
    if (this.#balance <= 0) return Math.ceil((-this.#balance * 1000) / this.#rate.perSecond()) + 1;
    this.#balance -= units;
    return 0;
  }

  /** Charges work that cannot wait: later work waits instead. The debt is bounded by one burst. */
  forceCharge(units: number, now: number): void {
    this.#refill(now);
    this.#balance = Math.max(-this.#rate.burst(), this.#balance - units);
  }

  #refill(now: number): void {
    if (now <= this.#refilledAt) return;
    const earned = ((now - this.#refilledAt) * this.#rate.perSecond()) / 1000;
    this.#balance = Math.min(this.#rate.burst(), this.#balance + earned);
    this.#refilledAt = now;
  }
}

/** The accounts of all payers for one kind of work. */
class WorkAccounts {
  readonly #rate: RefillRate;
  readonly #now: () => number;
  /** Oldest first. */
  readonly #accounts = new Map<string, WorkAccount>();

  constructor(rate: RefillRate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  getOrOpen(payer: string): WorkAccount {
    let account = this.#accounts.get(payer);
    if (!account) {
      if (this.#accounts.size >= MAX_WORK_ACCOUNTS) {
        const [oldest] = this.#accounts.keys();
        this.#accounts.delete(oldest!);
      }
      account = new WorkAccount(payer, this.#rate, this.#now());
      this.#accounts.set(payer, account);
    }
    return account;
  }
}

/**
 * Limits what requests cost at every entry point. A signed-in member pays as a member, on whatever connection; an
 * anonymous client pays as the source of its address (`rateLimitKey`). A payer without budget is not read from until
 * the account has refilled.
 */
export class WorkBudget {
  readonly #work: WorkAccounts;
  readonly #connections: WorkAccounts;
  readonly #refusals: WorkAccounts;

  /** @param now monotonic milliseconds */
  constructor(
    limits: Pick<ClientLimits, 'callsPerSecond' | 'callsBurst' | 'connectionsPerAddress'>,
    now: () => number = () => performance.now(),
  ) {
    this.#work = new WorkAccounts(
      {
        perSecond: () => CONNECTIONS_PER_PAYER * limits.callsPerSecond,
        burst: () => CONNECTIONS_PER_PAYER * limits.callsBurst,
      },
      now,
    );
    this.#connections = new WorkAccounts(
      { perSecond: () => limits.connectionsPerAddress / 4, burst: () => 2 * limits.connectionsPerAddress },
      now,
    );
    this.#refusals = new WorkAccounts({ perSecond: () => 16, burst: () => 256 }, now);
  }

  /** Pays for anonymous work of an address. */
  addressAccount(address: string): WorkAccount {
    return this.#work.getOrOpen(rateLimitKey(address));
  }

  /** @param memberKey `canonicalName` of the signed-in member */
  memberAccount(memberKey: string): WorkAccount {
    return this.#work.getOrOpen(`@${memberKey}`); // no address starts with @
  }

  /** Pays for explaining a refusal; beyond it, connections are closed without a reason. */
  refusalAccount(address: string): WorkAccount {
    return this.#refusals.getOrOpen(rateLimitKey(address));
  }

  /** One unit per new connection. A TLS handshake costs as much as thirty calls. */
  connectionAccount(address: string): WorkAccount {
    return this.#connections.getOrOpen(rateLimitKey(address));
  }
}

/** Cost of reading a line, whatever it contains. */
export function lineWorkUnits(characters: number): number {
  return WORK_UNITS.line + characters / CHARACTERS_PER_UNIT;
}
