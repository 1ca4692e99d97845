import type { Action, Effect } from './action.ts';
import { reduce } from './reducer.ts';
import type { State } from './state.ts';

/** At most twenty frames a second; a key shows within one of these. */
const FRAME_MS = 50;
const TICK_MS = 1000;

export interface AppOptions {
  readonly state: State;
  /** Does what the reducer asks for; what comes of it is dispatched. */
  readonly perform: (effect: Effect) => void;
  /** Shows a state. */
  readonly paint: (state: State) => void;
  readonly clock?: Clock;
}

export interface Clock {
  /** As Date.now. */
  readonly now: () => number;
  /** As performance.now. */
  readonly monotonic: () => number;
  /** Does something later; what is returned prevents it. */
  readonly after: (ms: number, work: () => void) => () => void;
}

const CLOCK: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

/** Holds the state: actions in, effects and frames out. */
export class App {
  readonly #perform: (effect: Effect) => void;
  readonly #paint: (state: State) => void;
  readonly #clock: Clock;
  #state: State;
  #painted: State | undefined;
  #paintedAt = Number.NEGATIVE_INFINITY;
  #cancelFrame: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;
  #running = false;

  constructor({ state, perform, paint, clock = CLOCK }: AppOptions) {
    this.#state = state;
    this.#perform = perform;
    this.#paint = paint;
    this.#clock = clock;
  }

  get state(): State {
    return this.#state;
  }

  start(): void {
    this.#running = true;
    this.#wait();
    this.#show();
  }

  /** No frame and no tick from here on; actions still count. */
  stop(): void {
    this.#running = false;
    this.#cancelTick?.();
    this.#cancelFrame?.();
    this.#cancelFrame = undefined;
  }

  dispatch(action: Action): void {
    const { state, effects } = reduce(this.#state, action);
    this.#state = state;
    this.#schedule();
    for (const effect of effects) this.#perform(effect);
  }

  /** Shows the state once more, though it is the same: the screen was lost. */
  repaint(): void {
    this.#painted = undefined;
    this.#schedule();
  }

  #wait(): void {
    this.#cancelTick = this.#clock.after(TICK_MS, () => {
      this.#wait();
      this.dispatch({ type: 'tick', now: this.#clock.now() });
    });
  }

  #schedule(): void {
    if (!this.#running || this.#cancelFrame || this.#state === this.#painted) return;
    const wait = Math.max(0, this.#paintedAt + FRAME_MS - this.#clock.monotonic());
    this.#cancelFrame = this.#clock.after(wait, () => this.#show());
  }

  #show(): void {
    this.#cancelFrame?.();
    this.#cancelFrame = undefined;
    this.#paintedAt = this.#clock.monotonic();
    this.#painted = this.#state;
    this.#paint(this.#state);
  }
}
