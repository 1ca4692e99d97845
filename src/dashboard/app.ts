import type { Action, Effect } from './action.ts';
import { reduce } from './reducer.ts';
import type { State } from './state.ts';

/** What others do shows this often: sixteen frames a second. */
const FRAME_MS = 62.5;
/** What somebody does himself shows at once: so many frames are taken ahead of their time. Twenty in any second. */
const AHEAD = 3;
const TICK_MS = 1000;
/** What somebody does at the terminal. */
const OWN: ReadonlySet<Action['type']> = new Set(['key', 'pasted', 'clicked', 'wheel', 'resized']);

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
  /** When the next frame's time is; frames that were taken ahead put it off. */
  #due = Number.NEGATIVE_INFINITY;
  #frameAt = Number.POSITIVE_INFINITY;
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
    this.#frameAt = Number.POSITIVE_INFINITY;
  }

  dispatch(action: Action): void {
    const { state, effects } = reduce(this.#state, action);
    this.#state = state;
    this.#schedule(OWN.has(action.type));
    for (const effect of effects) this.#perform(effect);
  }

  /** Shows the state once more, though it is the same: the screen was lost. */
  repaint(): void {
    this.#painted = undefined;
    this.#schedule(true);
  }

  #wait(): void {
    this.#cancelTick = this.#clock.after(TICK_MS, () => {
      this.#wait();
      this.dispatch({ type: 'tick', now: this.#clock.now() });
    });
  }

  #schedule(isOwn: boolean): void {
    if (!this.#running || this.#state === this.#painted) return;
    const now = this.#clock.monotonic();
    const at = Math.max(now, isOwn ? this.#due - AHEAD * FRAME_MS : this.#due);
    if (at >= this.#frameAt) return;
    this.#cancelFrame?.();
    this.#frameAt = at;
    this.#cancelFrame = this.#clock.after(at - now, () => this.#show());
  }

  #show(): void {
    this.#cancelFrame?.();
    this.#cancelFrame = undefined;
    this.#frameAt = Number.POSITIVE_INFINITY;
    this.#due = Math.max(this.#due, this.#clock.monotonic()) + FRAME_MS;
    this.#painted = this.#state;
    this.#paint(this.#state);
  }
}
