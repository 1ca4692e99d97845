import { expect } from 'chai';
import { Failure } from '../../src/domain/failure.ts';
import type { Transfer } from '../../src/domain/transfer.ts';
import { Transfers } from '../../src/peer/transfers.ts';

const FILE = { direction: 'in', member: 'Yoda', name: 'a', size: 1000, files: 1, state: 'connecting' } as const;

describe('transfers', () => {
  let told: Transfer[];
  let jobs: string[];
  let wake: (() => void)[];
  let transfers: Transfers;
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise<void>((resolve) => wake.push(resolve));
  };

  beforeEach(() => {
    told = [];
    jobs = [];
    wake = [];
    transfers = new Transfers({
      nextId: 5,
      onChange: (transfer) => {
        told.push(transfer);
        for (const each of wake.splice(0)) each();
      },
      onJob: (id, job) => jobs.push(`${id} ${job?.kind ?? 'over'}`),
    });
  });

  afterEach(() => transfers.stop());

  it('numbers them on from where another process was', () => {
    expect(transfers.begin(FILE).id).to.equal(5);
    expect(transfers.begin({ ...FILE, id: 9 }).id).to.equal(9);
    expect(transfers.begin(FILE).id).to.equal(10);
  });

  it('tells many changes in a few, and the end at once', async () => {
    const entry = transfers.begin(FILE);
    entry.set({ state: 'active' });
    for (let done = 1; done <= 500; done += 1) entry.set({ done });
    expect(told).to.have.length(1);
    await until(() => told.length === 2);
    expect(told[1]).to.include({ state: 'active', done: 500 });
    entry.end('done', undefined, '/tmp/a');
    expect(told).to.have.length(3);
    expect(told[2]).to.include({ state: 'done', done: 1000, status: 205, savedAs: '/tmp/a', bytesPerSecond: 0 });
    entry.set({ done: 3 });
    entry.set({ state: 'active' });
    entry.end('failed');
    expect(told).to.have.length(3);
  });

  it('has no speed while nothing moves', () => {
    const entry = transfers.begin(FILE);
    entry.set({ state: 'active', bytesPerSecond: 7 });
    expect(entry.snapshot.bytesPerSecond).to.equal(7);
    entry.set({ state: 'queued', place: 2 });
    expect(entry.snapshot).to.include({ bytesPerSecond: 0, place: 2 });
  });

  it('says why one ended, and what it takes to go on until then', () => {
    const entry = transfers.begin(FILE);
    entry.job = { kind: 'send', id: entry.id, startedAt: 1, token: '', member: 'Yoda', path: '/a' };
    entry.end('failed', new Failure('GONE', 'It changed.'));
    expect(entry.snapshot).to.include({ reason: 'It changed.', status: 410 });
    expect(entry.snapshot.endedAt).to.be.a('number');
    expect(jobs).to.deep.equal(['5 send', '5 over']);
  });

  it('shows how each member is reached', () => {
    const entry = transfers.begin(FILE);
    entry.reach('An', 'lan');
    entry.reach('Yoda', 'relayed');
    expect(entry.snapshot.peers).to.deep.equal([
      { member: 'Yoda', path: 'relayed' },
      { member: 'An', path: 'lan' },
    ]);
  });

  it('forgets the oldest of those that are over', () => {
    const open = transfers.begin(FILE);
    for (let i = 0; i < 250; i += 1) transfers.begin(FILE).end('cancelled');
    expect(transfers.get(open.id)).to.equal(open);
    expect(transfers.get(open.id + 1)).to.equal(undefined);
    expect(transfers.get(open.id + 51)).to.not.equal(undefined);
    expect(transfers.open()).to.deep.equal([open]);
  });
});
