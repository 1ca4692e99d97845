import { NatsEngine } from '../../src/engine/nats/engine.ts';
import { NatsFixture } from '../nats-fixture.ts';
import { memoryStore } from '../store/temporary.ts';
import { engineContract } from './engine.ts';

describe('nats', () => {
  let nats: NatsFixture;
  let rooms = 0;

  before(async function () {
    this.timeout(60_000);
    nats = await NatsFixture.start(this, { nodes: 3 });
  });

  after(() => nats?.stop());

  // Separate rooms, which share a cluster.
  engineContract(
    'nats, three nodes',
    async (projector) => {
      rooms += 1;
      const store = memoryStore();
      const engine = new NatsEngine(store, projector(store), {
        connection: { servers: nats.servers, tls: false },
        prefix: `room${rooms}`,
        version: '0.0.0',
      });
      return { engine, store, remove: async () => {} };
    },
    500,
  );
});
