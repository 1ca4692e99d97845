import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryLevel } from 'memory-level';
import { Store } from '../../src/store/store.ts';

/** A store in memory; its content survives close and open. */
export function memoryStore(): Store {
  const db = new MemoryLevel<string, string>({ keyEncoding: 'utf8', valueEncoding: 'utf8' });
  return new Store(db as unknown as ConstructorParameters<typeof Store>[0]);
}

/** A temporary folder, and a function that removes it. */
export async function temporaryFolder(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'goldctl-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Everything in a store, by key. */
export async function contentOf(store: Store): Promise<Map<string, string>> {
  return new Map(await store.entries({}));
}
