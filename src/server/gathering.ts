import { Failure } from '../domain/failure.ts';
import type { Bus } from '../engine/contract.ts';
import type { Gatherer } from '../rates/gatherer.ts';
import type { Daemons } from '../room/daemons.ts';

type Health = ReturnType<Gatherer['health']>;

interface Told {
  readonly from: string;
  readonly health: Health;
}

/** How often the daemon that gathers rates says how its providers do, where that changed. */
const TELL_MS = 1000;
/** And where it did not: for those who have just come. */
const TELL_ANYWAY_MS = 5000;
/** For an answer of every provider. */
const REFRESH_MS = 60_000;

/** The gathering of rates, whichever daemon of the room does it: how its providers do, and how to ask them now. */
export class Gathering {
  readonly #gatherer: Gatherer;
  readonly #bus: Bus;
  readonly #daemons: Daemons;
  /** What the one that gathers said last. */
  #told: Told | undefined;
  #said = '';
  #saidAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(room: { gatherer: Gatherer; bus: Bus; daemons: Daemons }) {
    this.#gatherer = room.gatherer;
    this.#bus = room.bus;
    this.#daemons = room.daemons;
    this.#daemons.answer('refresh', async ({ provider }: { provider?: string }) =>
      this.#gatherer.gathers ? await this.#gatherer.refresh(provider) : null,
    );
    this.#daemons.onGone((id) => {
      if (this.#told?.from === id) this.#told = undefined;
    });
  }

  start(): void {
    this.#unsubscribe = this.#bus.subscribe('rates.health', (message) => {
      const told = message as Told;
      if (told.from !== this.#daemons.id) this.#told = told;
    });
    this.#timer = setInterval(() => this.#tell(), TELL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#unsubscribe?.();
  }

  /** Every provider, in the order of the settings of the daemon that gathers. */
  health(): Health {
    return this.#gatherer.gathers || !this.#told ? this.#gatherer.health() : this.#told.health;
  }

  /** @throws Failure as `Gatherer.refresh`; NOT_AVAILABLE when no daemon gathers now */
  async refresh(provider?: string): Promise<Health> {
    if (this.#gatherer.gathers || this.#daemons.alone) return await this.#gatherer.refresh(provider);
    const params = provider === undefined ? {} : { provider };
    for (const { id } of this.#daemons.others) {
      const health = (await this.#daemons.ask(id, 'refresh', params, REFRESH_MS)) as Health | null;
      if (health) return health;
    }
    throw new Failure(
      'NOT_AVAILABLE',
      'No daemon of the room fetches rates at this moment. Try again in a few seconds.',
    );
  }

  #tell(): void {
    if (!this.#gatherer.gathers || this.#daemons.alone) return;
    const health = this.#gatherer.health();
    const said = JSON.stringify(health);
    const now = performance.now();
    if (said === this.#said && now - this.#saidAt < TELL_ANYWAY_MS) return;
    this.#said = said;
    this.#saidAt = now;
    this.#bus.publish('rates.health', { from: this.#daemons.id, health } satisfies Told);
  }
}
