import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { LocalBus } from '../../src/engine/local/bus.ts';
import type { MessageBus } from '../../src/engine/types.ts';
import { Cluster } from '../../src/room/cluster.ts';
import { refusal, SELF, SILENT } from './room.ts';

describe('Cluster', () => {
  let bus: LocalBus;
  const all: Cluster[] = [];
  const make = (address: string, { on = bus as MessageBus, beatMs = 20 } = {}) => {
    const daemons = new Cluster({ bus: on, log: SILENT, heartbeatMs: beatMs, self: () => ({ ...SELF, address }) });
    all.push(daemons);
    daemons.start();
    return daemons;
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
  };
  beforeEach(() => {
    bus = new LocalBus();
  });
  afterEach(() => {
    for (const daemons of all.splice(0)) daemons.stop();
  });

  it('lists daemons by address as soon as they join', async () => {
    const [a, b, c] = [
      make('a:1', { beatMs: 60_000 }),
      make('b:1', { beatMs: 60_000 }),
      make('c:1', { beatMs: 60_000 }),
    ];
    expect(a.isSolo && a.hasMetOthers).to.equal(false);
    await until(() => [a, b, c].every(({ others }) => others.length === 2));
    expect(b.others.map(({ address }) => address)).to.deep.equal(['a:1', 'c:1']);
    expect(a.isResponsive(a.others[0]!)).to.equal(true);
  });

  it('removes daemons that leave or fall silent', async () => {
    const cut = new Cut(bus);
    const [a, b, c] = [make('a:1'), make('b:1'), make('c:1', { on: cut })];
    await until(() => a.others.length === 2 && c.others.length === 2);
    const gone: string[] = [];
    a.onLeave((id) => gone.push(id));
    b.stop();
    expect(gone).to.deep.equal([b.id]);
    cut.isCut = true;
    await until(() => gone.length === 2 && c.isSolo);
    expect(a.isSolo).to.equal(true);
    cut.isCut = false;
    await until(() => a.others.length === 1 && c.others.length === 1);
  });

  it('answers requests of other daemons, and passes their errors on', async () => {
    const [a, b] = [make('a:1'), make('b:1')];
    b.handle('double', async ({ of }: { of: number }, from) => ({ doubled: 2 * of, from }));
    b.handle('refuse', () => {
      throw new AppError('NOT_ALLOWED', 'Not today.', { data: { until: 7 } });
    });
    b.handle('fail', () => {
      throw new Error('a secret of the daemon');
    });
    await until(() => !a.isSolo);
    expect(await a.request(b.id, 'double', { of: 21 })).to.deep.equal({ doubled: 42, from: a.id });
    const refused = await refusal(() => a.request(b.id, 'refuse', {}), 'NOT_ALLOWED');
    expect([refused.message, refused.data]).to.deep.equal(['Not today.', { until: 7 }]);
    expect((await refusal(() => a.request(b.id, 'fail', {}), 'INTERNAL')).message).not.to.include('secret');
    await refusal(() => a.request(b.id, 'unheard of', {}), 'NOT_AVAILABLE');
    await refusal(() => a.request('nobody', 'double', {}), 'NOT_AVAILABLE');
  });

  it('ends a request after its timeout, or when the other daemon leaves', async () => {
    const [a, b, c] = [make('a:1'), make('b:1'), make('c:1')];
    for (const daemons of [b, c]) daemons.handle('think', () => new Promise(() => {}));
    await until(() => a.others.length === 2);
    await refusal(() => a.request(b.id, 'think', {}, 10), 'NOT_AVAILABLE');
    const asked = a.request(b.id, 'think', {}, 60_000);
    b.stop();
    expect((await refusal(() => asked, 'NOT_AVAILABLE')).message).to.include('b:1');
    c.handle('count', () => 3);
    const { replies, unresponsive } = await a.requestAll('count', {});
    expect([[...replies], unresponsive]).to.deep.equal([[[c.id, 3]], []]);
  });
});

/** A bus from which a daemon can be cut off. */
class Cut implements MessageBus {
  isCut = false;
  readonly #bus: MessageBus;

  constructor(bus: MessageBus) {
    this.#bus = bus;
  }

  publish(topic: string, message: unknown): void {
    if (!this.isCut) this.#bus.publish(topic, message);
  }

  subscribe(topic: string, listener: (message: unknown) => void): () => void {
    return this.#bus.subscribe(topic, (message) => {
      if (!this.isCut) listener(message);
    });
  }
}
