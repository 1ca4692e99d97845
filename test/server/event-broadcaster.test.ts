import { expect } from 'chai';
import fc from 'fast-check';
import type { Post } from '../../src/domain/post.ts';
import type { Quote } from '../../src/domain/quote.ts';
import { LocalBus } from '../../src/engine/local/bus.ts';
import type { Account } from '../../src/projections/accounts.ts';
import type { ChangeListener } from '../../src/projections/read-model.ts';
import type { MemberChange } from '../../src/room/presence.ts';
import type { EventBatch } from '../../src/server/event-batch.ts';
import { EventBroadcaster, type Subscriber, type Subscription } from '../../src/server/event-broadcaster.ts';

const FORUM: Subscription = { rates: undefined, forum: true, members: false, files: false };
const MEMBERS: Subscription = { rates: undefined, forum: false, members: true, files: false };

class Listener implements Subscriber {
  subscription: Subscription;
  isReplaying = false;
  memberKey: string | undefined;
  readonly batches: EventBatch[] = [];

  constructor(watching: Subscription, memberKey?: string) {
    this.subscription = watching;
    this.memberKey = memberKey;
  }

  deliverEvents(batch: EventBatch): void {
    this.batches.push(batch);
  }

  /** What it received, by seq or name. */
  get told(): unknown[] {
    return this.batches
      .flatMap(({ text }) => text.trimEnd().split('\n'))
      .map((line) => JSON.parse(line).params)
      .map(({ seq, name }) => seq ?? name);
  }
}

describe('EventBroadcaster', () => {
  let change: ChangeListener;
  let bus: LocalBus;
  let services: ConstructorParameters<typeof EventBroadcaster>[0];
  let hub: EventBroadcaster;
  let tell: (change: MemberChange) => void;
  const member = (change: Omit<MemberChange, 'at'>) => tell({ ...change, at: 0 });
  beforeEach(() => {
    bus = new LocalBus();
    const view = {
      onChange: (listener: ChangeListener) => {
        change = listener;
        return () => {};
      },
    };
    const presence = {
      onChange: (listener: (change: MemberChange) => void) => {
        tell = listener;
        return () => {};
      },
    };
    services = {
      view,
      bus,
      presence,
      withStaleness: (quote) => quote,
      withAvailability: (listing) => ({ ...listing, online: true }),
    };
    hub = new EventBroadcaster(services);
    hub.start();
  });
  afterEach(() => hub.stop());

  const post = (seq: number) => change({ type: 'post', post: { number: seq, text: 'x' } as Post }, seq);
  const message = (seq: number, from: string, to: string) =>
    change({ type: 'message', message: { number: seq, from, to, text: 'x', at: 0, seq } }, seq);
  const price = (seq: number, instrument: string) =>
    change({ type: 'quote', quote: { instrument, provider: 'p', company: '', brand: '' } as Quote }, seq);
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const join = (watching: Subscription, memberKey?: string) => {
    const listener = new Listener(watching, memberKey);
    hub.setSubscription(listener);
    return listener;
  };

  it('sends the events of a turn in one batch, with the same bytes for equal subscriptions', async () => {
    const [one, two, names] = [join(FORUM), join(FORUM), join(MEMBERS)];
    for (const seq of [1, 2, 3]) post(seq);
    member({ name: 'yoda', change: 'joined' });
    expect(one.batches).to.be.empty;
    await turn();
    expect(one.told).to.deep.equal([1, 2, 3]);
    expect(one.batches).to.have.length(1);
    expect(one.batches[0]!.bytes).to.equal(two.batches[0]!.bytes);
    expect(names.told).to.deep.equal(['yoda']);
    post(4);
    await turn();
    expect(two.told).to.deep.equal([1, 2, 3, 4]);
  });

  it('sends a new role of a member to subscribers of members, and no other change of an account', async () => {
    const [watching, posts] = [join(MEMBERS), join(FORUM)];
    const account = { name: 'yoda', role: 'moderator' } as Account;
    change({ type: 'account', account }, 1);
    change({ type: 'account', account, isNewRole: true }, 2);
    await turn();
    expect(watching.batches.map(({ text }) => JSON.parse(text))).to.deep.equal([
      { jsonrpc: '2.0', method: 'role', params: { name: 'yoda', role: 'moderator' } },
    ]);
    expect(posts.batches).to.deep.equal([]);
  });

  it('sends the same batch to subscribers of the same prices in another order', async () => {
    const subscription = (...names: string[]): Subscription => ({
      rates: new Set(names),
      forum: false,
      members: false,
      files: false,
    });
    const [one, two, other] = [
      join(subscription('SJC', 'BTC')),
      join(subscription('BTC', 'SJC')),
      join(subscription('ETH')),
    ];
    for (const [seq, name] of ['SJC', 'ETH', 'BTC'].entries()) price(seq, name);
    await turn();
    expect(one.batches[0]).to.equal(two.batches[0]);
    expect(one.told).to.deep.equal([0, 2]);
    expect(other.told).to.deep.equal([1]);
  });

  it('sends only later events to a subscriber that joins within a turn', async () => {
    const before = join(FORUM);
    post(1);
    const late = join(FORUM);
    post(2);
    await turn();
    expect(before.told).to.deep.equal([1, 2]);
    expect(late.told).to.deep.equal([2]);
  });

  it('sends earlier events by the earlier subscription if it changes within a turn', async () => {
    const listener = join(FORUM);
    post(1);
    member({ name: 'early', change: 'joined' });
    listener.subscription = MEMBERS;
    hub.setSubscription(listener);
    expect(listener.told).to.deep.equal([1]);
    post(2);
    join(FORUM);
    post(3);
    member({ name: 'late', change: 'joined' });
    await turn();
    expect(listener.told).to.deep.equal([1, 'late']);
  });

  it('sends no events with a seq during a replay', async () => {
    const listener = join({ ...FORUM, members: true }, 'yoda');
    post(1);
    listener.isReplaying = true;
    hub.setSubscription(listener);
    post(2);
    member({ name: 'luke', change: 'joined' });
    message(3, 'luke', 'yoda');
    await turn();
    post(4);
    listener.isReplaying = false;
    hub.setSubscription(listener);
    post(5);
    await turn();
    expect(listener.told).to.deep.equal(['luke', 5]);
  });

  it('sends direct messages only to their two members, in order with posts', async () => {
    const [yoda, luke, leia, nobody] = [join(FORUM, 'yoda'), join(FORUM, 'luke'), join(FORUM, 'leia'), join(FORUM)];
    post(1);
    message(2, 'Luke', 'Yoda');
    post(3);
    await turn();
    for (const listener of [yoda, luke]) expect(listener.told).to.deep.equal([1, 2, 3]);
    for (const listener of [leia, nobody]) expect(listener.told).to.deep.equal([1, 3]);
    message(4, 'leia', 'leia');
    await turn();
    expect(leia.batches).to.have.length(2);
    expect(nobody.batches).to.have.length(1);
  });

  it('sends events caused by a delivery in the next turn, and nothing to a removed subscriber', async () => {
    const gone = join(FORUM);
    const clumsy = join({ ...FORUM, members: true });
    const last = join({ ...FORUM, members: true });
    clumsy.deliverEvents = () => {
      hub.removeSubscriber(clumsy);
      member({ name: 'clumsy', change: 'left' });
    };
    post(1);
    hub.removeSubscriber(gone);
    await turn();
    expect(last.told).to.deep.equal([1]);
    await turn();
    expect(last.told).to.deep.equal([1, 'clumsy']);
    expect(gone.batches).to.be.empty;
  });

  it('sends nothing to a subscriber removed during a subscription change', async () => {
    const clumsy = join(FORUM);
    clumsy.deliverEvents = (batch) => {
      clumsy.batches.push(batch);
      hub.removeSubscriber(clumsy);
    };
    post(1);
    clumsy.subscription = { ...FORUM, members: true };
    hub.setSubscription(clumsy);
    post(2);
    await turn();
    expect(clumsy.told).to.deep.equal([1]);
  });

  it('yields to the event loop during a long delivery', async () => {
    const listeners = [join(FORUM), join(FORUM), join(FORUM)];
    for (const listener of listeners) {
      listener.deliverEvents = (batch) => {
        for (const until = performance.now() + 25; performance.now() < until; );
        listener.batches.push(batch);
      };
    }
    post(1);
    const told: number[] = [];
    while (told.at(-1) !== 3) {
      await turn();
      told.push(listeners.filter(({ batches }) => batches.length > 0).length);
    }
    expect(told).to.deep.equal([1, 2, 3]);
  });

  it('sends every subscriber all its events in order, for any changes during a delivery', async () => {
    const who = fc.nat(5);
    const step = fc.oneof(
      fc.record({
        do: fc.constant('watch' as const),
        who,
        watching: fc.constantFrom(FORUM, MEMBERS, { ...FORUM, members: true }),
      }),
      fc.record({ do: fc.constantFrom('replay' as const, 'leave' as const, 'message' as const), who }),
      fc.record({ do: fc.constantFrom('post' as const, 'member' as const, 'turn' as const), who }),
    );
    const history = fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      hub.stop();
      // One subscriber per turn.
      hub = new EventBroadcaster(services, { deliverySliceMs: 0 });
      hub.start();
      const listeners = new Map<number, Listener>();
      const expected = new Map<Listener, unknown[]>();
      const comes = (event: number | string, isHeard: (listener: Listener) => boolean) => {
        for (const listener of listeners.values()) if (isHeard(listener)) expected.get(listener)!.push(event);
      };
      const isLive = ({ subscription, isReplaying }: Listener) => subscription.forum && !isReplaying;
      let seq = 0;
      for (const step of steps) {
        const name = `member${step.who}`;
        const listener = listeners.get(step.who);
        if (step.do === 'watch') {
          const subscriber = listener ?? new Listener(step.watching, name);
          subscriber.subscription = step.watching;
          listeners.set(step.who, subscriber);
          if (!listener) expected.set(subscriber, []);
          hub.setSubscription(subscriber);
        } else if (step.do === 'replay' && listener) {
          const told = new Set(listener.told);
          listener.isReplaying = !listener.isReplaying;
          // Events with a seq that were not sent yet are read from the journal.
          const left = expected.get(listener)!.filter((event) => typeof event === 'string' || told.has(event));
          if (listener.isReplaying) expected.set(listener, left);
          hub.setSubscription(listener);
        } else if (step.do === 'leave' && listener) {
          hub.removeSubscriber(listener);
          listeners.delete(step.who);
          expected.set(listener, listener.told);
        } else if (step.do === 'post') {
          comes(++seq, isLive);
          post(seq);
        } else if (step.do === 'message') {
          comes(++seq, (listener) => isLive(listener) && listener.memberKey === name);
          message(seq, name, 'nobody');
        } else if (step.do === 'member') {
          comes(`member ${++seq}`, ({ subscription }) => subscription.members);
          member({ name: `member ${seq}`, change: 'joined' });
        } else if (step.do === 'turn') {
          await turn();
        }
      }
      const isTold = ([{ told }, all]: [Listener, unknown[]]) => told.length >= all.length;
      for (let turns = 0; turns < 100 && ![...expected].every(isTold); turns++) await turn();
      for (const [{ told }, all] of expected) expect(told).to.deep.equal(all);
    });
    await fc.assert(history, { numRuns: 300 });
  });
});
