import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import type { Change, Engine, JournalRecord, NewRecord, Projector } from '../../src/engine/types.ts';
import type { Store } from '../../src/store/store.ts';
import type { WriteBatch } from '../../src/store/write-batch.ts';

/** An engine under test, with the store of its read model. */
export interface Rig {
  readonly engine: Engine;
  readonly store: Store;
  /** Removes its data after a stop. */
  remove(): Promise<void>;
}

export type MakeEngine = (projector: (store: Store) => Projector) => Promise<Rig>;

/** A read model that counts, records its input, and fails on demand. */
class Recorder implements Projector {
  readonly heard: number[] = [];
  loaded = 0;
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get count(): number {
    return this.#store.read<number>('test/count') ?? 0;
  }

  textOf(seq: number): string | undefined {
    return this.#store.read<string>(`test/text/${seq}`);
  }

  async load(): Promise<void> {
    this.loaded++;
  }

  project(record: JournalRecord, draft: WriteBatch): (Change & { text: unknown })[] {
    draft.write('test/count', (draft.read<number>('test/count') ?? 0) + 1);
    if (record.kind === 'test.bad') throw new Error('this record does not fit');
    draft.write(`test/text/${record.seq}`, record.text as string);
    return [{ type: 'text', text: record.text }];
  }

  applyCommitted(record: JournalRecord, changes: readonly Change[]): void {
    expect(this.textOf(record.seq)).to.equal(record.text);
    expect(changes).to.deep.equal([{ type: 'text', text: record.text }]);
    this.heard.push(record.seq);
    if (record.kind === 'test.deaf') throw new Error('somebody who listened failed');
  }
}

const text = (content: string): NewRecord => ({ kind: 'test.text', at: 1_700_000_000_000, text: content });

/** The error code of a rejected promise. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (failure) {
    if (failure instanceof AppError) return failure.code;
    throw failure;
  }
  return 'none';
}

/**
 * The contract of every engine, documented in src/engine/types.ts.
 * @param many number of concurrent appends
 */
export function engineContract(name: string, makeEngine: MakeEngine, many = 3000): void {
  describe(`engine contract: ${name}`, () => {
    let rig: Rig;
    let engine: Engine;
    let recorder: Recorder;

    beforeEach(async () => {
      rig = await makeEngine((store) => {
        recorder = new Recorder(store);
        return recorder;
      });
      engine = rig.engine;
      await engine.start();
    });

    afterEach(async () => {
      await engine.stop();
      await rig.remove();
    });

    describe('append', () => {
      it('returns contiguous seqs from 1', async () => {
        expect(engine.journal.head()).to.equal(0);
        for (let seq = 1; seq <= 5; seq++) {
          expect((await engine.journal.append(text('a'))).seq).to.equal(seq);
          expect(engine.journal.head()).to.equal(seq);
        }
      });

      it('resolves after the read model has applied the record', async () => {
        const { seq, changes } = await engine.journal.append(text('seen'));
        expect(recorder.textOf(seq)).to.equal('seen');
        expect(recorder.count).to.equal(1);
        expect(recorder.heard).to.deep.equal([seq]);
        expect(changes).to.deep.equal([{ type: 'text', text: 'seen' }]);
      });

      it('loads the read model once, first of all', async () => {
        await engine.journal.append(text('a'));
        expect(recorder.loaded).to.equal(1);
      });

      it('returns each of many concurrent appends its own result, and notifies the read model in order', async () => {
        const results = await Promise.all(
          Array.from({ length: many }, (_, i) => engine.journal.append(text(`record ${i}`))),
        );
        expect(results.map(({ seq }) => seq).sort((a, b) => a - b)).to.deep.equal(
          Array.from({ length: many }, (_, i) => i + 1),
        );
        for (const [i, { seq, changes }] of results.entries()) {
          expect(changes).to.deep.equal([{ type: 'text', text: `record ${i}` }]);
          expect(recorder.textOf(seq)).to.equal(`record ${i}`);
        }
        expect(recorder.count).to.equal(many);
        expect(recorder.heard).to.deep.equal(Array.from({ length: many }, (_, i) => i + 1));
      });

      it('keeps a record unchanged', async () => {
        const record = { ...text('Vàng 1 lượng'), list: [1, null, 'x', { y: true }], none: null };
        const { seq } = await engine.journal.append(record);
        const [kept] = await take(engine, 0, 1);
        expect(kept).to.deep.equal({ ...record, seq });
      });
    });

    describe('expect', () => {
      it('accepts exactly one of fifty concurrent writers in each round', async () => {
        let last = 0;
        for (let round = 0; round < 5; round++) {
          const outcomes = await Promise.allSettled(
            Array.from({ length: 50 }, (_, i) =>
              engine.journal.append(text(`${round}/${i}`), { subject: 'account.yoda', expect: last }),
            ),
          );
          const won = outcomes.filter((outcome) => outcome.status === 'fulfilled');
          const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
          expect(won).to.have.length(1);
          for (const { reason } of lost) expect((reason as AppError).code).to.equal('CONFLICT');
          last = won[0]!.value.seq;
          expect(last).to.equal(round + 1);
        }
      });

      it('checks only the given subject', async () => {
        const a = await engine.journal.append(text('a'), { subject: 'post.1', expect: 0 });
        await engine.journal.append(text('b'), { subject: 'post.2', expect: 0 });
        await engine.journal.append(text('c'));
        await engine.journal.append(text('d'), { subject: 'post.1', expect: a.seq });
        expect(engine.journal.head()).to.equal(4);
      });

      it('counts a record of the subject without expectation', async () => {
        const { seq } = await engine.journal.append(text('a'), { subject: 'post.1' });
        expect(await codeOf(engine.journal.append(text('b'), { subject: 'post.1', expect: 0 }))).to.equal('CONFLICT');
        expect((await engine.journal.append(text('b'), { subject: 'post.1', expect: seq })).seq).to.equal(seq + 1);
      });

      it('leaves no trace of a refused append', async () => {
        await engine.journal.append(text('a'), { subject: 's', expect: 0 });
        await codeOf(engine.journal.append(text('lost'), { subject: 's', expect: 0 }));
        expect(engine.journal.head()).to.equal(1);
        expect(recorder.count).to.equal(1);
      });
    });

    describe('a failing read model', () => {
      it('fails one append, and others of the same batch continue', async () => {
        const outcomes = await Promise.allSettled(
          Array.from({ length: 60 }, (_, i) =>
            engine.journal.append(i % 7 === 3 ? { ...text(`${i}`), kind: 'test.bad' } : text(`${i}`)),
          ),
        );
        const seqs: number[] = [];
        for (const [i, outcome] of outcomes.entries()) {
          if (i % 7 === 3) {
            expect(outcome.status).to.equal('rejected');
            expect(((outcome as PromiseRejectedResult).reason as AppError).code).to.equal('INTERNAL');
          } else {
            expect(outcome.status).to.equal('fulfilled');
            const { seq } = (outcome as PromiseFulfilledResult<{ seq: number }>).value;
            expect(recorder.textOf(seq)).to.equal(`${i}`);
            seqs.push(seq);
          }
        }
        expect(seqs.sort((a, b) => a - b)).to.deep.equal(seqs.map((_, i) => i + 1));
        expect(recorder.count).to.equal(seqs.length);
        expect((await take(engine, 0, seqs.length)).map(({ kind }) => kind)).to.not.include('test.bad');
      });

      it('does not delay later appends after a failing listener', async () => {
        const outcomes = await Promise.all([
          codeOf(engine.journal.append(text('a'))),
          codeOf(engine.journal.append({ ...text('b'), kind: 'test.deaf' })),
          codeOf(engine.journal.append(text('c'))),
        ]);
        expect(outcomes).to.deep.equal(['none', 'INTERNAL', 'none']);
        expect((await engine.journal.append(text('d'))).seq).to.equal(4);
        expect(recorder.heard).to.deep.equal([1, 2, 3, 4]);
      });
    });

    describe('follow', () => {
      it('returns past and new records, without gap or repeat', async () => {
        for (let i = 0; i < 50; i++) await engine.journal.append(text(`${i}`));
        const abort = new AbortController();
        const seen: number[] = [];
        const writing: Promise<unknown>[] = [];
        for await (const record of engine.journal.follow(10, abort.signal)) {
          seen.push(record.seq);
          // Writes continue while the past is read, and after the reader has caught up.
          if (record.seq % 5 === 0 && writing.length < 40) writing.push(engine.journal.append(text('live')));
          if (record.seq >= 50 && writing.length < 40) writing.push(engine.journal.append(text('live')));
          if (record.seq === 90) abort.abort();
        }
        await Promise.all(writing);
        expect(seen).to.deep.equal(Array.from({ length: 80 }, (_, i) => i + 11));
      });

      it('supports several readers, each at its own pace', async () => {
        const abort = new AbortController();
        const followers = [0, 3, 7].map(async (after) => {
          const seen: number[] = [];
          for await (const { seq } of engine.journal.follow(after, abort.signal)) {
            seen.push(seq);
            if (seq === 20) break;
          }
          return seen;
        });
        for (let i = 0; i < 20; i++) await engine.journal.append(text(`${i}`));
        for (const [i, seen] of (await Promise.all(followers)).entries()) {
          const after = [0, 3, 7][i]!;
          expect(seen).to.deep.equal(Array.from({ length: 20 - after }, (_, j) => after + j + 1));
        }
      });

      it('omits a record that a later one voids, also after a restart', async () => {
        await Promise.all(['a', 'b', 'c'].map((content) => engine.journal.append(text(content))));
        await engine.journal.append({ ...text('d'), voids: [1, 3, 4, 99] });
        await engine.journal.append(text('e'));
        const read = async () => {
          const found: string[] = [];
          const abort = new AbortController();
          for await (const record of engine.journal.follow(0, abort.signal)) {
            found.push(record.kind === 'void' ? `void ${record.seq}` : (record.text as string));
            if (record.seq === 5) abort.abort();
          }
          return found;
        };
        const expected = ['void 1', 'b', 'void 3', 'd', 'e'];
        expect(await read()).to.deep.equal(expected);
        expect([1, 2, 3, 4, 5].map((seq) => recorder.textOf(seq))).to.deep.equal(['a', 'b', 'c', 'd', 'e']);
        await engine.stop();
        await engine.start();
        expect(await read()).to.deep.equal(expected);
      });

      it('waits for a future seq', async () => {
        const following = take(engine, 3, 1);
        for (let i = 0; i < 5; i++) await engine.journal.append(text(`${i}`));
        expect((await following)[0]!.seq).to.equal(4);
      });

      it('ends when the signal aborts while it waits, while it reads, and before it starts', async () => {
        await engine.journal.append(text('a'));
        const waits = new AbortController();
        const waiting = drain(engine, 1, waits.signal);
        const atOnce = new AbortController();
        const reading = drain(engine, 1, atOnce.signal);
        atOnce.abort(); // its first read is pending and finds nothing
        expect(await reading).to.deep.equal([]);
        await engine.journal.append(text('b'));
        waits.abort();
        expect((await waiting).length).to.be.at.most(1);
        expect(await drain(engine, 0, AbortSignal.abort())).to.deep.equal([]);
      });

      it('ends when the engine stops: a waiting reader, a reading one, and one that starts later', async () => {
        for (let i = 0; i < 300; i++) void engine.journal.append(text(`${i}`));
        await engine.journal.append(text('last'));
        const never = new AbortController().signal;
        const waiting = drain(engine, 301, never);
        const slow = (async () => {
          let seen = 0;
          for await (const _ of engine.journal.follow(0, never)) {
            if (++seen === 5) await engine.stop();
          }
          return seen;
        })();
        expect(await slow).to.be.at.least(5);
        expect(await waiting).to.deep.equal([]);
        expect(await drain(engine, 0, never)).to.deep.equal([]);
      });
    });

    describe('stop', () => {
      it('waits for pending appends, and refuses later ones', async () => {
        const under = Array.from({ length: 500 }, (_, i) => engine.journal.append(text(`${i}`)));
        let done = 0;
        for (const append of under) void append.then(() => done++);
        const stopped = engine.stop();
        expect(await codeOf(engine.journal.append(text('late')))).to.equal('NOT_AVAILABLE');
        await stopped;
        expect(done).to.equal(500);
        expect(await codeOf(engine.journal.append(text('later')))).to.equal('NOT_AVAILABLE');
        expect(engine.journal.head()).to.equal(500);
      });

      it('may be called twice', async () => {
        await engine.stop();
        await engine.stop();
      });

      it('may be followed by another start, which finds everything', async () => {
        await engine.journal.append(text('a'), { subject: 's', expect: 0 });
        await engine.stop();
        await engine.start();
        expect(engine.journal.head()).to.equal(1);
        expect(await codeOf(engine.journal.append(text('b'), { subject: 's', expect: 0 }))).to.equal('CONFLICT');
        expect((await engine.journal.append(text('c'), { subject: 's', expect: 1 })).seq).to.equal(2);
        expect((await take(engine, 0, 2)).map((record) => record.text)).to.deep.equal(['a', 'c']);
      });
    });

    it('refuses appends before the start', async () => {
      const other = await makeEngine((store) => new Recorder(store));
      expect(await codeOf(other.engine.journal.append(text('early')))).to.equal('NOT_AVAILABLE');
      await other.engine.start();
      expect(other.engine.journal.head()).to.equal(0);
      await other.engine.stop();
      await other.remove();
    });

    describe('bus', () => {
      it('delivers to listeners of the topic, and not after they leave', async () => {
        const heard: unknown[] = [];
        engine.bus.publish('presence', 'nobody hears');
        const both = new Promise<void>((resolve) => {
          let left = 2;
          const listener = (who: string) => (message: unknown) => {
            heard.push([who, message]);
            if (--left === 0) resolve();
          };
          engine.bus.subscribe('presence', listener('a'));
          engine.bus.subscribe('presence', listener('b'));
          engine.bus.subscribe('offers', listener('c'));
        });
        engine.bus.publish('presence', { name: 'yoda' });
        await both;
        expect(heard).to.have.deep.members([
          ['a', { name: 'yoda' }],
          ['b', { name: 'yoda' }],
        ]);
      });

      it('keeps the order of messages, and delivers nothing after unsubscribing', async () => {
        const heard: unknown[] = [];
        const stop = engine.bus.subscribe('t', (message) => heard.push(message));
        const last = new Promise<void>((resolve) => {
          engine.bus.subscribe('t', (message) => message === 'end' && resolve());
        });
        for (let i = 0; i < 5; i++) engine.bus.publish('t', i);
        engine.bus.publish('t', 'mark');
        while (heard.at(-1) !== 'mark') await new Promise((resolve) => setImmediate(resolve));
        stop();
        stop();
        engine.bus.publish('t', 'end');
        await last;
        expect(heard).to.deep.equal([0, 1, 2, 3, 4, 'mark']);
      });

      it('lets a listener leave during a delivery', async () => {
        const heard: string[] = [];
        const done = new Promise<void>((resolve) => {
          const stop = engine.bus.subscribe('t', () => {
            heard.push('once');
            stop();
          });
          engine.bus.subscribe('t', (message) => {
            heard.push('always');
            if (message === 2) resolve();
          });
        });
        engine.bus.publish('t', 1);
        engine.bus.publish('t', 2);
        await done;
        expect(heard.filter((who) => who === 'once')).to.have.length(1);
        expect(heard.filter((who) => who === 'always')).to.have.length(2);
      });
    });

    describe('lease', () => {
      it('is held from acquire to release', async () => {
        const lease = engine.lease('rates');
        expect(lease.isHeld).to.equal(false);
        await lease.acquire(new AbortController().signal);
        expect(lease.isHeld).to.equal(true);
        expect(engine.lease('other').isHeld).to.equal(false);
        await lease.release();
        expect(lease.isHeld).to.equal(false);
        await lease.acquire(new AbortController().signal);
        expect(lease.isHeld).to.equal(true);
        await lease.release();
      });

      it('is not given to a cancelled acquire', async () => {
        const lease = engine.lease('rates');
        let refused = false;
        await lease.acquire(AbortSignal.abort()).catch(() => {
          refused = true;
        });
        expect(refused).to.equal(true);
        expect(lease.isHeld).to.equal(false);
      });
    });
  });
}

async function take(engine: Engine, after: number, count: number): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const record of engine.journal.follow(after, new AbortController().signal)) {
    records.push(record);
    if (records.length === count) break;
  }
  return records;
}

async function drain(engine: Engine, after: number, signal: AbortSignal): Promise<number[]> {
  const seqs: number[] = [];
  for await (const { seq } of engine.journal.follow(after, signal)) seqs.push(seq);
  return seqs;
}
