import type { DashboardAction, Effect } from './action.ts';
import { reduce } from './reducer.ts';
import type { State } from './state.ts';

/** Actions from the network are painted at most sixteen times a second. */
const FRAME_INTERVAL_MS = 62.5;
/** User actions are painted at once, up to this many frames early: at most 20 frames in any second. */
const MAX_EARLY_FRAMES = 3;
const TICK_INTERVAL_MS = 1000;
const USER_ACTIONS: ReadonlySet<DashboardAction['type']> = new Set(['key', 'paste', 'click', 'wheel', 'resize']);

export interface AppOptions {
  readonly state: State;
  /** Runs an effect of the reducer. The caller dispatches its results. */
  readonly runEffect: (effect: Effect) => void;
  readonly paint: (state: State) => void;
  readonly clock?: Clock;
}

export interface Clock {
  /** As Date.now. */
  readonly now: () => number;
  /** As performance.now. */
  readonly monotonic: () => number;
  /** Runs `work` later. The returned function cancels it. */
  readonly after: (ms: number, work: () => void) => () => void;
}

const SYSTEM_CLOCK: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after: (ms, work) => {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

/** Holds the state: takes actions, runs effects and schedules frames. */
export class App {
  readonly #runEffect: (effect: Effect) => void;
  readonly #paint: (state: State) => void;
  readonly #clock: Clock;
  #state: State;
  #paintedState: State | undefined;
  /** When the next frame may be painted. Early frames postpone it. */
  #nextFrameAt = Number.NEGATIVE_INFINITY;
  #scheduledAt = Number.POSITIVE_INFINITY;
  #cancelFrame: (() => void) | undefined;
  #cancelTick: (() => void) | undefined;
  #isRunning = false;

  constructor({ state, runEffect, paint, clock = SYSTEM_CLOCK }: AppOptions) {
    this.#state = state;
    this.#runEffect = runEffect;
    this.#paint = paint;
    this.#clock = clock;
  }

  get state(): State {
    return this.#state;
  }

  start(): void {
    this.#isRunning = true;
    this.#scheduleTick();
    this.#paintFrame();
  }

  /** Stops frames and ticks. Actions still change the state. */
  stop(): void {
    this.#isRunning = false;
    this.#cancelTick?.();
    this.#cancelFrame?.();
    this.#cancelFrame = undefined;
    this.#scheduledAt = Number.POSITIVE_INFINITY;
  }

  dispatch(action: DashboardAction): void {
    const { state, effects } = reduce(this.#state, action);
    this.#state = state;
    this.#scheduleFrame(USER_ACTIONS.has(action.type));
    for (const effect of effects) this.#runEffect(effect);
  }

  /** Paints the state again, even if it is unchanged: the screen content was lost. */
  repaint(): void {
    this.#paintedState = undefined;
    this.#scheduleFrame(true);
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.after(TICK_INTERVAL_MS, () => {
      this.#scheduleTick();
      this.dispatch({ type: 'tick', now: this.#clock.now() });
    });
  }

  #scheduleFrame(isUserAction: boolean): void {
    if (!this.#isRunning || this.#state === this.#paintedState) return;
    const now = this.#clock.monotonic();
    const paintAt = Math.max(
      now,
      isUserAction ? this.#nextFrameAt - MAX_EARLY_FRAMES * FRAME_INTERVAL_MS : this.#nextFrameAt,
    );
    if (paintAt >= this.#scheduledAt) return;
    this.#cancelFrame?.();
    this.#scheduledAt = paintAt;
    this.#cancelFrame = this.#clock.after(paintAt - now, () => this.#paintFrame());
  }

  #paintFrame(): void {
    this.#cancelFrame?.();
    this.#cancelFrame = undefined;
    this.#scheduledAt = Number.POSITIVE_INFINITY;
    this.#nextFrameAt = Math.max(this.#nextFrameAt, this.#clock.monotonic()) + FRAME_INTERVAL_MS;
    this.#paintedState = this.#state;
    this.#paint(this.#state);
  }
}
