import { rename, rm } from 'node:fs/promises';
import { AppError } from '../domain/app-error.ts';
import type { HomeDirectory } from '../home-directory.ts';

/** Replaces the data folder of a home, and keeps the old one. @returns its new path @throws AppError STORE_FAILED */
export async function swapDataFolders(home: HomeDirectory, why: 'repair' | 'migrate', made: string): Promise<string> {
  const time = new Date().toISOString().replaceAll(/[-:.]/g, '');
  const kept = `${home.dataFolder}.before-${why}-${time}`;
  try {
    // A crash between the renames is safe: a home with data.repaired and no data continues with data.repaired.
    await rm(home.repairedFolder, { recursive: true, force: true });
    await rename(made, home.repairedFolder);
    await rename(home.dataFolder, kept);
    await rename(home.repairedFolder, home.dataFolder);
  } catch (cause) {
    throw new AppError('STORE_FAILED', `The new data folder cannot be moved into place: ${(cause as Error).message}.`, {
      cause,
    });
  }
  return kept;
}
