import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import type { Transfer } from '../../src/domain/transfer.ts';
import { TransferRegistry } from '../../src/peer/transfer-registry.ts';

const FILE = { direction: 'in', member: 'Yoda', name: 'a', size: 1000, files: 1, state: 'connecting' } as const;

describe('TransferRegistry', () => {
  let told: Transfer[];
  let jobs: string[];
  let wake: (() => void)[];
  let transfers: TransferRegistry;
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise<void>((resolve) => wake.push(resolve));
  };

  beforeEach(() => {
    told = [];
    jobs = [];
    wake = [];
    transfers = new TransferRegistry({
      nextId: 5,
      onChange: (transfer) => {
        told.push(transfer);
        for (const each of wake.splice(0)) each();
      },
      onJob: (id, job) => jobs.push(`${id} ${job?.kind ?? 'over'}`),
    });
  });

  afterEach(() => transfers.stop());

  it('continues the numbering of another process', () => {
    expect(transfers.add(FILE).id).to.equal(5);
    expect(transfers.add({ ...FILE, id: 9 }).id).to.equal(9);
    expect(transfers.add(FILE).id).to.equal(10);
  });

  it('reports many changes in a few notifications, and the end at once', async () => {
    const entry = transfers.add(FILE);
    entry.update({ state: 'active' });
    for (let done = 1; done <= 500; done += 1) entry.update({ done });
    expect(told).to.have.length(1);
    await until(() => told.length === 2);
    expect(told[1]).to.include({ state: 'active', done: 500 });
    entry.end('done', undefined, '/tmp/a');
    expect(told).to.have.length(3);
    expect(told[2]).to.include({ state: 'done', done: 1000, status: 205, savedAs: '/tmp/a', bytesPerSecond: 0 });
    entry.update({ done: 3 });
    entry.update({ state: 'active' });
    entry.end('failed');
    expect(told).to.have.length(3);
  });

  it('has no speed while nothing moves', () => {
    const entry = transfers.add(FILE);
    entry.update({ state: 'active', bytesPerSecond: 7 });
    expect(entry.snapshot.bytesPerSecond).to.equal(7);
    entry.update({ state: 'queued', place: 2 });
    expect(entry.snapshot).to.include({ bytesPerSecond: 0, place: 2 });
  });

  it('reports why a transfer ended, and until when it can be resumed', () => {
    const entry = transfers.add(FILE);
    entry.job = { kind: 'send', id: entry.id, startedAt: 1, token: '', member: 'Yoda', path: '/a' };
    entry.end('failed', new AppError('GONE', 'It changed.'));
    expect(entry.snapshot).to.include({ reason: 'It changed.', status: 410 });
    expect(entry.snapshot.endedAt).to.be.a('number');
    expect(jobs).to.deep.equal(['5 send', '5 over']);
  });

  it('shows how each member is reached', () => {
    const entry = transfers.add(FILE);
    entry.setPath('An', 'lan');
    entry.setPath('Yoda', 'relayed');
    expect(entry.snapshot.peers).to.deep.equal([
      { member: 'Yoda', path: 'relayed' },
      { member: 'An', path: 'lan' },
    ]);
  });

  it('forgets the oldest finished transfers', () => {
    const open = transfers.add(FILE);
    for (let i = 0; i < 250; i += 1) transfers.add(FILE).end('cancelled');
    expect(transfers.get(open.id)).to.equal(open);
    expect(transfers.get(open.id + 1)).to.equal(undefined);
    expect(transfers.get(open.id + 51)).to.not.equal(undefined);
    expect(transfers.unfinished()).to.deep.equal([open]);
  });
});
