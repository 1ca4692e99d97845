import type { Logger } from '../domain/logger.ts';
import type { Endpoint } from '../domain/peer.ts';
import type { ReadModel } from '../projections/read-model.ts';
import type { MethodResult } from '../protocol/methods.ts';
import type { RatePoller } from '../rates/rate-poller.ts';
import type { AccountDataExport } from '../room/account-export.ts';
import type { Accounts } from '../room/accounts.ts';
import type { AddressBans } from '../room/address-bans.ts';
import type { BackupReader } from '../room/backup-reader.ts';
import type { Cluster } from '../room/cluster.ts';
import type { DirectMessages } from '../room/direct-messages.ts';
import type { FairQueue } from '../room/fair-queue.ts';
import type { FileCatalog } from '../room/file-catalog.ts';
import type { Forum } from '../room/forum.ts';
import type { Presence } from '../room/presence.ts';
import type { QuoteIngest } from '../room/quote-ingest.ts';
import type { RateEdits } from '../room/rate-edits.ts';
import type { RateQueries } from '../room/rate-queries.ts';
import type { UnreadTracker } from '../room/unread-tracker.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ConnectionLimiter } from './connection-limiter.ts';
import type { ConnectionRegistry } from './connection-registry.ts';
import type { EventBroadcaster } from './event-broadcaster.ts';
import type { IntroductionServer } from './introduction-server.ts';
import type { ClientLimits } from './limits.ts';
import type { ReadScheduler } from './read-scheduler.ts';
import type { WorkBudget } from './work-budget.ts';

/** Everything that a handler may use. */
export interface Services {
  readonly accounts: Accounts;
  readonly accountExport: AccountDataExport;
  readonly addressBans: AddressBans;
  readonly rates: RateQueries;
  readonly intake: QuoteIngest;
  readonly rateEdits: RateEdits;
  readonly forum: Forum;
  readonly unread: UnreadTracker;
  readonly messages: DirectMessages;
  readonly files: FileCatalog;
  readonly backup: BackupReader;
  readonly presence: Presence<ClientConnection>;
  readonly cluster: Cluster;
  readonly introductionServer: IntroductionServer;
  readonly clusterProviderHealth: Pick<RatePoller, 'health' | 'refresh'>;
  readonly view: ReadModel;
  readonly broadcaster: EventBroadcaster;
  readonly connections: ConnectionRegistry;
  readonly connectionLimiter: ConnectionLimiter;
  readonly budget: WorkBudget;
  readonly scheduler: ReadScheduler;
  /** Queue of calls that scan many records, by payer. */
  readonly scanQueue: FairQueue;
  readonly limits: ClientLimits;
  readonly log: Logger;
  readonly now: () => number;
  /** Name and version, as `hello` reports them. */
  readonly serverName: string;
  /** Seq of the last durable record. */
  readonly headSeq: () => number;
  /** Resolves when the writes of other daemons are applied here, or after a timeout; undefined without others. */
  readonly catchUp: () => Promise<void> | undefined;
  /** Where members at other daemons reach this UDP port. @param hostAddress local address of their connection */
  readonly publicUdpEndpoint: (hostAddress: string | undefined) => Endpoint | undefined;
  readonly status: () => MethodResult<'admin.status'>;
  /** Reloads the settings and the certificate. */
  readonly reload: () => Promise<Readonly<Record<'changed' | 'restart', readonly string[]>>>;
  /** Stops the daemon after the answer is sent. `retryAfterMs` tells clients when it is back. */
  readonly stop: (retryAfterMs?: number) => void;
}
