import { type Preferences, preferencesOf } from './preferences.ts';
import type { State } from './state.ts';
import type { DashboardStateFile } from './state-file.ts';

/** In the state file. */
export const PREFERENCES_KEY = 'view';
/** Scrolling through the rates changes the instrument with every key. */
const SAVE_DELAY_MS = 1000;

export interface PreferencesSaverOptions {
  readonly stateFile: DashboardStateFile;
  readonly onError: (thrown: unknown) => void;
}

/** Saves what the user changes of the remembered things, a moment after the change. */
export class PreferencesSaver {
  readonly #options: PreferencesSaverOptions;
  #last: Preferences | undefined;
  #changes: Partial<Preferences> = {};
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PreferencesSaverOptions) {
    this.#options = options;
  }

  /** Called with each state. What the first one has, from a flag or the defaults, is not saved. */
  observe(state: State): void {
    const current = preferencesOf(state);
    const last = this.#last ?? current;
    this.#last = current;
    const changed = Object.entries(current).filter(([name, value]) => value !== last[name as keyof Preferences]);
    if (changed.length === 0) return;
    this.#changes = { ...this.#changes, ...Object.fromEntries(changed) };
    this.#timer ??= setTimeout(() => void this.save(), SAVE_DELAY_MS);
  }

  /** Saves at once what is not saved yet. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const changes = this.#changes;
    if (Object.keys(changes).length === 0) return;
    this.#changes = {};
    const { stateFile, onError } = this.#options;
    await stateFile
      .update(PREFERENCES_KEY, (before) => ({ ...(before instanceof Object ? before : {}), ...changes }))
      .catch(onError);
  }
}
