import { sourceOf } from '../domain/source-key.ts';
import type { Limits } from './limits.ts';

/** Units of work. One unit is what an ordinary call costs. */
export const UNITS = {
  line: 1,
  /** In addition to its line. */
  password: 30,
  /** In addition to its line. */
  scan: 4,
} as const;

/** A long line costs more: parsing is linear in its length. */
const CHARACTERS_PER_UNIT = 16 * 1024;
/** What a member, or a source of strangers, may use, in multiples of the limits of one connection. */
const CONNECTIONS_WORTH = 5;
/** Accounts that are kept; beyond it the oldest one begins anew. */
const MAX_ACCOUNTS = 20_000;

interface Rate {
  /** Units per second in the long run. */
  perSecond(): number;
  /** Units at once. */
  burst(): number;
}

/**
 * The balance of one payer. It fills up with time. Work is charged in full before it is done, so the balance can fall
 * below zero; then the payer's next work waits until the balance is positive.
 */
export class Account {
  readonly payer: string;
  readonly #rate: Rate;
  #balance: number;
  #filledAt: number;

  /** @param now monotonic milliseconds */
  constructor(payer: string, rate: Rate, now: number) {
    this.payer = payer;
    this.#rate = rate;
    this.#balance = rate.burst();
    this.#filledAt = now;
  }

  /** Charges if the balance is positive. @returns 0, or the milliseconds until it is; nothing is charged then */
  charge(units: number, now: number): number {
    this.#fill(now);
    if (this.#balance <= 0) return Math.ceil((-this.#balance * 1000) / this.#rate.perSecond()) + 1;
    this.#balance -= units;
    return 0;
  }

  /** Charges work that cannot wait any more: the work after it waits for it. The debt is bounded by one burst. */
  spend(units: number, now: number): void {
    this.#fill(now);
    this.#balance = Math.max(-this.#rate.burst(), this.#balance - units);
  }

  #fill(now: number): void {
    if (now <= this.#filledAt) return;
    const earned = ((now - this.#filledAt) * this.#rate.perSecond()) / 1000;
    this.#balance = Math.min(this.#rate.burst(), this.#balance + earned);
    this.#filledAt = now;
  }
}

/** The accounts of all payers for one kind of work. */
class Ledger {
  readonly #rate: Rate;
  readonly #now: () => number;
  /** In the order of their opening. */
  readonly #accounts = new Map<string, Account>();

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate;
    this.#now = now;
  }

  of(payer: string): Account {
    let account = this.#accounts.get(payer);
    if (!account) {
      if (this.#accounts.size >= MAX_ACCOUNTS) {
        const [oldest] = this.#accounts.keys();
        this.#accounts.delete(oldest!);
      }
      account = new Account(payer, this.#rate, this.#now());
      this.#accounts.set(payer, account);
    }
    return account;
  }
}

/**
 * What everybody's requests may cost, at every entry point. A signed-in member pays as that member, whatever the
 * connection; a stranger pays as the source of the connection (`sourceOf`). Whoever has nothing left is not read from
 * until the account has filled up.
 */
export class Budget {
  readonly #work: Ledger;
  readonly #connections: Ledger;
  readonly #refusals: Ledger;

  /** @param now monotonic milliseconds */
  constructor(
    limits: Pick<Limits, 'callsPerSecond' | 'callsBurst' | 'connectionsPerAddress'>,
    now: () => number = () => performance.now(),
  ) {
    this.#work = new Ledger(
      {
        perSecond: () => CONNECTIONS_WORTH * limits.callsPerSecond,
        burst: () => CONNECTIONS_WORTH * limits.callsBurst,
      },
      now,
    );
    this.#connections = new Ledger(
      { perSecond: () => limits.connectionsPerAddress / 4, burst: () => 2 * limits.connectionsPerAddress },
      now,
    );
    this.#refusals = new Ledger({ perSecond: () => 16, burst: () => 256 }, now);
  }

  /** Who pays for the work of strangers at an address. */
  ofAddress(address: string): Account {
    return this.#work.of(sourceOf(address));
  }

  /** @param memberKey `nameKey` of the signed-in member */
  ofMember(memberKey: string): Account {
    return this.#work.of(`@${memberKey}`); // no address begins so
  }

  /** The account of connections that are told why they are not let in; beyond it they are closed without a word. */
  ofRefusals(address: string): Account {
    return this.#refusals.of(sourceOf(address));
  }

  /** The account of new connections, one unit each. A TLS handshake costs as much as thirty calls. */
  ofConnections(address: string): Account {
    return this.#connections.of(sourceOf(address));
  }
}

/** What it costs to read a line, whatever is in it. */
export function lineUnits(characters: number): number {
  return UNITS.line + characters / CHARACTERS_PER_UNIT;
}
