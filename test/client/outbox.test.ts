import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type LateResult, Outbox, type OutboxCall, type OutboxResult } from '../../src/client/outbox.ts';
import { OutboxFolder } from '../../src/client/outbox-folder.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { EXAMPLES } from '../protocol/examples.ts';

const POST = EXAMPLES['forum.post'].result;

describe('the outbox', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const storage = (server = 'local'): OutboxFolder => new OutboxFolder(join(folder, 'outbox'), server);

  async function files(): Promise<string[]> {
    const names = await readdir(join(folder, 'outbox'), { recursive: true }).catch(() => []);
    return names.filter((name) => name.endsWith('.json')).map((name) => join(folder, 'outbox', name));
  }

  /** As if the process that wrote the files had ended. */
  async function endWriter(): Promise<void> {
    for (const file of await files()) {
      const content = JSON.parse(await readFile(file, 'utf8')) as object;
      await writeFile(file, JSON.stringify({ ...content, pid: 4_194_304 })); // more than Linux and macOS give out
    }
  }

  const texts = (calls: readonly OutboxCall[]): string[] => calls.map(({ params }) => params.text);
  const write = (outbox: Outbox, text: string, author = 'luke'): Promise<OutboxResult> => {
    const sent = outbox.send({ method: 'forum.post', params: { text } }, author);
    sent.catch(() => {}); // the tests that end an outbox look at its files
    return sent;
  };

  it('has a post on disk, private, before it counts as waiting, and deletes it once it is acknowledged', async () => {
    const counts: [number, number][] = [];
    let onDisk = 0;
    const outbox = new Outbox({ storage: storage(), onPendingCount: (count) => counts.push([count, onDisk]) });
    const kept = storage();
    const watched = {
      keep: async (...args: Parameters<typeof kept.keep>) => {
        await kept.keep(...args);
        onDisk = (await files()).length;
      },
      release: kept.release.bind(kept),
      load: kept.load.bind(kept),
    };
    const other = new Outbox({ storage: watched, onPendingCount: (count) => counts.push([count, onDisk]) });
    const sent = write(other, 'one');
    await other.waitForWrites();
    expect(counts).to.deep.equal([[1, 1]]);
    const [file] = await files();
    expect((await stat(file!)).mode & 0o777).to.equal(0o600);
    other.resume('luke', async () => POST);
    expect(await sent).to.equal(POST);
    await other.waitForWrites();
    expect(await files()).to.deep.equal([]);
    expect(outbox.size).to.equal(0);
  });

  it('keeps what waits when it ends, says so, and the next one sends it once, first, with the same id', async () => {
    const first = new Outbox({ storage: storage() });
    const failure = write(first, 'kept').catch((thrown: AppError) => thrown);
    const message = first.send({ method: 'messages.send', params: { to: 'leia', text: 'secret' } }, 'luke');
    message.catch(() => {});
    await first.waitForWrites();
    first.rejectAll(new AppError('CONNECTION_ENDED', 'The connection was closed.'));
    await first.waitForWrites();
    expect(((await failure) as AppError).message).to.equal(
      'The connection was closed. It is kept, and will be sent the next time that luke is signed in here.',
    );
    const ids = await Promise.all((await files()).map(async (file) => JSON.parse(await readFile(file, 'utf8'))));
    await endWriter();

    const calls: OutboxCall[] = [];
    const late: LateResult[] = [];
    const next = new Outbox({ storage: storage(), onLateResult: (each) => late.push(each) });
    const fresh = write(next, 'fresh');
    next.resume('luke', async (call) => {
      calls.push(call);
      return POST;
    });
    await fresh;
    await next.waitForWrites();
    expect(texts(calls).sort()).to.deep.equal(['fresh', 'kept', 'secret']);
    expect(texts(calls).at(-1)).to.equal('fresh');
    expect(calls.slice(0, 2).map(({ params }) => params.clientId)).to.have.members(
      ids.map(({ params }) => params.clientId),
    );
    expect(late.map(({ outcome }) => outcome)).to.deep.equal([{ result: POST }, { result: POST }]);
    expect(await files()).to.deep.equal([]);
  });

  it('leaves calls to a process that lives, and sends them for it after a minute', async () => {
    const first = new Outbox({ storage: storage() });
    write(first, 'mine');
    await first.waitForWrites();
    for (const file of await files()) {
      const content = JSON.parse(await readFile(file, 'utf8')) as object;
      await writeFile(file, JSON.stringify({ ...content, pid: process.ppid }));
    }
    expect(await storage().load('luke')).to.deep.equal([]);
    const long = new Date(Date.now() - 120_000);
    for (const file of await files()) await utimes(file, long, long);
    expect(texts((await storage().load('luke')).map(({ call }) => call))).to.deep.equal(['mine']);
  });

  it('is for one member and one server', async () => {
    const first = new Outbox({ storage: storage() });
    write(first, 'as luke');
    await first.waitForWrites();
    await endWriter();
    expect(await storage().load('leia')).to.deep.equal([]);
    expect(await storage('example.org:4000').load('luke')).to.deep.equal([]);
    expect(await storage().load('LUKE')).to.have.length(1);
    // Another member signs in at the same terminal: the post stays on disk for its author.
    const calls: OutboxCall[] = [];
    first.resume('leia', async (call) => {
      calls.push(call);
      return POST;
    });
    await first.waitForWrites();
    expect(calls).to.deep.equal([]);
    expect(first.size).to.equal(0);
    expect(await files()).to.have.length(1);
  });

  it('drops what the daemon refuses, and tells why if another process wrote it', async () => {
    const first = new Outbox({ storage: storage() });
    write(first, 'too long');
    await first.waitForWrites();
    await endWriter();
    const late: LateResult[] = [];
    const next = new Outbox({ storage: storage(), onLateResult: (each) => late.push(each) });
    next.resume('luke', async () => {
      throw new AppError('TOO_LARGE', 'A post can have at most 4096 characters.');
    });
    await next.waitForWrites();
    while (late.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await next.waitForWrites();
    expect(late[0]!.outcome).to.have.nested.property('failure.code', 'TOO_LARGE');
    expect(await files()).to.deep.equal([]);
  });

  it('rejects a post that it can neither send nor keep', async () => {
    const broken = storage();
    broken.keep = () => Promise.reject(new AppError('STORE_FAILED', 'The disk is full.'));
    const outbox = new Outbox({ storage: broken });
    const failure = await write(outbox, 'x').catch((thrown: AppError) => thrown);
    expect(failure).to.have.property('message', 'The disk is full.');
    outbox.resume('luke', async () => POST);
    await outbox.waitForWrites();
    expect(await write(outbox, 'online')).to.equal(POST);
  });

  it('ignores files that it did not write', async () => {
    const first = new Outbox({ storage: storage() });
    write(first, 'good');
    await first.waitForWrites();
    await endWriter();
    const [good] = await files();
    const content = JSON.parse(await readFile(good!, 'utf8')) as { params: object };
    const others: unknown[] = [
      null,
      [],
      { ...content, version: 2 },
      { ...content, method: 'account.signOut' },
      { ...content, params: { ...content.params, text: 5 } },
      { ...content, params: { ...content.params, text: 'x'.repeat(10_000) } },
      { ...content, member: 'leia' },
    ];
    for (const [i, other] of others.entries()) {
      await writeFile(join(good!, '..', `${String(i).repeat(32)}.json`), JSON.stringify(other));
    }
    await writeFile(join(good!, '..', `${'a'.repeat(32)}.json`), '{"version":');
    expect(texts((await storage().load('luke')).map(({ call }) => call))).to.deep.equal(['good']);
  });
});
