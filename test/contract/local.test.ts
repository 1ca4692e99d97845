import { LocalEngine } from '../../src/engine/local/engine.ts';
import { Store } from '../../src/store/store.ts';
import { memoryStore, temporaryFolder } from '../store/temporary.ts';
import { engineContract } from './engine.ts';

engineContract('local, in memory', async (projector) => {
  const store = memoryStore();
  return { engine: new LocalEngine(store, projector(store)), store, remove: async () => {} };
});

engineContract('local, LevelDB in a folder', async (projector) => {
  const folder = await temporaryFolder();
  const store = await Store.inFolder(folder.path);
  return { engine: new LocalEngine(store, projector(store)), store, remove: folder.remove };
});
