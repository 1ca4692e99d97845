import type { Place } from '../domain/peer.ts';
import type { Result } from '../protocol/methods.ts';
import type { Gatherer } from '../rates/gatherer.ts';
import type { Log } from '../rates/log.ts';
import type { AccountExport } from '../room/account-export.ts';
import type { Accounts } from '../room/accounts.ts';
import type { AddressBans } from '../room/address-bans.ts';
import type { Backup } from '../room/backup.ts';
import type { Daemons } from '../room/daemons.ts';
import type { FairQueue } from '../room/fair-queue.ts';
import type { Files } from '../room/files.ts';
import type { Forum } from '../room/forum.ts';
import type { Intake } from '../room/intake.ts';
import type { Messages } from '../room/messages.ts';
import type { Presence } from '../room/presence.ts';
import type { RateEdits } from '../room/rate-edits.ts';
import type { Rates } from '../room/rates.ts';
import type { Unread } from '../room/unread.ts';
import type { View } from '../view/view.ts';
import type { Arrivals } from './arrivals.ts';
import type { Budget } from './budget.ts';
import type { Hub } from './hub.ts';
import type { Limits } from './limits.ts';
import type { Rendezvous } from './rendezvous.ts';
import type { Sessions } from './sessions.ts';
import type { Turns } from './turns.ts';
import type { Visitor } from './visitor.ts';

/** Everything that a handler may use. */
export interface Services {
  readonly accounts: Accounts;
  readonly accountExport: AccountExport;
  readonly addressBans: AddressBans;
  readonly rates: Rates;
  readonly intake: Intake;
  readonly rateEdits: RateEdits;
  readonly forum: Forum;
  readonly unread: Unread;
  readonly messages: Messages;
  readonly files: Files;
  readonly backup: Backup;
  readonly presence: Presence<Visitor>;
  readonly daemons: Daemons;
  readonly rendezvous: Rendezvous;
  readonly gatherer: Pick<Gatherer, 'health' | 'refresh'>;
  readonly view: View;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly arrivals: Arrivals;
  readonly budget: Budget;
  readonly turns: Turns;
  /** Calls that look through records, by who is charged for them. */
  readonly scans: FairQueue;
  readonly limits: Limits;
  readonly log: Log;
  readonly now: () => number;
  /** Name and version, as `hello` tells it. */
  readonly serverName: string;
  /** Seq of the last durable record. */
  readonly head: () => number;
  /**
   * Resolves when what other daemons have written by now is applied here, or soon where that cannot be had; undefined
   * where there are none.
   */
  readonly catchUp: () => Promise<void> | undefined;
  /**
   * Where members of other daemons reach the UDP port of this one; undefined where that is not known.
   * @param hostAddress the address of this machine that somebody came to
   */
  readonly meetingPlace: (hostAddress: string | undefined) => Place | undefined;
  readonly status: () => Result<'admin.status'>;
  /** Reads settings and certificate once more. */
  readonly reload: () => Promise<Readonly<Record<'changed' | 'restart', readonly string[]>>>;
  /** Ends the daemon once the answer is out. With `retryAfterMs` it is back soon: clients are told when. */
  readonly stop: (retryAfterMs?: number) => void;
}
