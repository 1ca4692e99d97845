import { AppError } from '../domain/app-error.ts';
import type { MessageBus } from '../engine/types.ts';
import type { RatePoller } from '../rates/rate-poller.ts';
import type { Cluster } from '../room/cluster.ts';

type ProvidersHealth = ReturnType<RatePoller['health']>;

interface HealthReport {
  readonly from: string;
  readonly health: ProvidersHealth;
}

/** How often the polling daemon reports provider health when it changed. */
const REPORT_INTERVAL_MS = 1000;
/** How often it reports unchanged health, for daemons that have just joined. */
const MAX_REPORT_INTERVAL_MS = 5000;
/** Timeout for polling every provider. */
const REFRESH_TIMEOUT_MS = 60_000;

/** Provider health and refresh for the whole cluster, whichever daemon polls the providers. */
export class ClusterProviderHealth {
  readonly #poller: RatePoller;
  readonly #bus: MessageBus;
  readonly #cluster: Cluster;
  /** Last report of the polling daemon. */
  #remoteReport: HealthReport | undefined;
  #lastSentJson = '';
  #lastSentAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(services: { poller: RatePoller; bus: MessageBus; cluster: Cluster }) {
    this.#poller = services.poller;
    this.#bus = services.bus;
    this.#cluster = services.cluster;
    this.#cluster.handle('refresh', async ({ provider }: { provider?: string }) =>
      this.#poller.isPolling ? await this.#poller.refresh(provider) : null,
    );
    this.#cluster.onLeave((id) => {
      if (this.#remoteReport?.from === id) this.#remoteReport = undefined;
    });
  }

  start(): void {
    this.#unsubscribe = this.#bus.subscribe('rates.health', (message) => {
      const report = message as HealthReport;
      if (report.from !== this.#cluster.id) this.#remoteReport = report;
    });
    this.#timer = setInterval(() => this.#report(), REPORT_INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#unsubscribe?.();
  }

  /** Every provider, in the order of the polling daemon's settings. */
  health(): ProvidersHealth {
    return this.#poller.isPolling || !this.#remoteReport ? this.#poller.health() : this.#remoteReport.health;
  }

  /** @throws AppError as `RatePoller.refresh`; NOT_AVAILABLE when no daemon polls now */
  async refresh(provider?: string): Promise<ProvidersHealth> {
    if (this.#poller.isPolling || this.#cluster.isSolo) return await this.#poller.refresh(provider);
    const params = provider === undefined ? {} : { provider };
    for (const { id } of this.#cluster.others) {
      const health = (await this.#cluster.request(id, 'refresh', params, REFRESH_TIMEOUT_MS)) as ProvidersHealth | null;
      if (health) return health;
    }
    throw new AppError('NOT_AVAILABLE', 'No daemon of the cluster is fetching rates now. Try again in a few seconds.');
  }

  #report(): void {
    if (!this.#poller.isPolling || this.#cluster.isSolo) return;
    const health = this.#poller.health();
    const json = JSON.stringify(health);
    const now = performance.now();
    if (json === this.#lastSentJson && now - this.#lastSentAt < MAX_REPORT_INTERVAL_MS) return;
    this.#lastSentJson = json;
    this.#lastSentAt = now;
    this.#bus.publish('rates.health', { from: this.#cluster.id, health } satisfies HealthReport);
  }
}
