import { rename, rm } from 'node:fs/promises';
import { Failure } from '../domain/failure.ts';
import type { Home } from '../home.ts';

/**
 * Puts a data folder that was made beside it into the place of the home's own, which is kept.
 * @returns where the old folder is now
 * @throws Failure STORE_FAILED
 */
export async function changePlaces(home: Home, why: 'repair' | 'migrate', made: string): Promise<string> {
  const time = new Date().toISOString().replaceAll(/[-:.]/g, '');
  const kept = `${home.dataFolder}.before-${why}-${time}`;
  try {
    // In two steps, each of which can be the last: a home that has data.repaired and no data goes on with it.
    await rm(home.repairedFolder, { recursive: true, force: true });
    await rename(made, home.repairedFolder);
    await rename(home.dataFolder, kept);
    await rename(home.repairedFolder, home.dataFolder);
  } catch (cause) {
    throw new Failure('STORE_FAILED', `The new data folder cannot take its place: ${(cause as Error).message}.`, {
      cause,
    });
  }
  return kept;
}
