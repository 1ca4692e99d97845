import { type Hole, LocalEngine } from '../engine/local/engine.ts';
import type { Home } from '../home.ts';
import { Store } from '../store/store.ts';
import { View } from '../view/view.ts';

/**
 * Makes a damaged data folder usable again with what is left in it; no daemon may run on it.
 * @returns the places of the journal whose records are lost
 * @throws Failure DATA_LOCKED, DATA_NEWER, STORE_FAILED
 */
export async function repair(home: Home): Promise<Hole[]> {
  const store = await Store.at(home.dataFolder);
  return await new LocalEngine(store, new View(store)).repair();
}
