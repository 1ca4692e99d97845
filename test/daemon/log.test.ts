import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { createLog, type DaemonLog, type LogOptions } from '../../src/daemon/log.ts';
import { formatLogLine } from '../../src/daemon/log-format.ts';
import { followLines, readLastLines } from '../../src/daemon/log-reader.ts';
import { AppError } from '../../src/domain/app-error.ts';

describe('log', () => {
  let folder: string;
  let file: string;
  let log: DaemonLog | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'goldctl-log-'));
    file = join(folder, 'goldctl.log');
  });
  afterEach(async () => {
    await log?.stop();
    log = undefined;
    await rm(folder, { recursive: true });
  });

  async function open(options: Partial<LogOptions> = {}): Promise<DaemonLog> {
    log = await createLog({ file, level: 'info', ...options });
    return log;
  }
  async function lines(): Promise<Record<string, unknown>[]> {
    await log!.stop();
    return (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  }

  it('writes JSON lines into a file with mode 0600', async () => {
    const { logger } = await open();
    logger.info({ event: 'forum.post', number: 7 }, 'posted');
    logger.debug({ event: 'forum.read' }, 'below the level');
    const [line, ...others] = await lines();
    expect(line).to.include({ level: 'info', event: 'forum.post', number: 7, msg: 'posted' });
    expect(line!.time).to.be.a('number');
    expect(others).to.deep.equal([]);
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
  });

  it('hides secrets in any position', async () => {
    const { logger } = await open();
    const secret = 'hunter2';
    const cause = Object.assign(new Error('refused'), {
      token: secret,
      request: { headers: { Authorization: secret } },
    });
    logger.info({
      event: 'x',
      password: secret,
      params: { newPassword: secret, accounts: [{ name: 'lan', password: secret }] },
    });
    logger.warn({
      event: 'x',
      provider: { key: secret, url: 'http://127.0.0.1' },
      err: new AppError('INTERNAL', 'no', { cause }),
    });
    logger.child({ token: secret }).info('child');
    logger.info({ event: 'x', request: { headers: { 'x-auth': secret }, apiKey: secret } }, 'asked');
    logger.warn(
      { event: 'x', url: `https://a.example/p?x=${secret}`, err: new Error(`https://me:${secret}@a.example/ failed`) },
      `https://a.example/?y=${secret} "quoted"`,
    );
    const text = JSON.stringify(await lines());
    expect(text).not.to.include(secret);
    expect(text)
      .to.include('https://a.example/p?x=')
      .and.to.include('http://127.0.0.1')
      .and.to.include('lan')
      .and.to.include('refused');
  });

  it('accepts circular fields', async () => {
    const loop: Record<string, unknown> = { name: 'loop', big: 12n };
    loop.self = loop;
    (await open()).logger.info({ event: 'x', loop });
    expect((await lines())[0]).to.have.nested.property('loop.name', 'loop');
  });

  it('reports it if the file cannot be written', async () => {
    const thrown = await createLog({ file: join(folder, 'none', 'goldctl.log'), level: 'info' }).catch(
      (error) => error,
    );
    expect(thrown).to.be.instanceOf(AppError).and.to.include({ code: 'STORE_FAILED' });
  });

  it('rotates a large log and keeps three', async () => {
    for (let turn = 1; turn <= 5; turn++) {
      await open({ rotateBytes: 100 });
      log!.logger.info({ event: 'x', turn, filler: 'x'.repeat(200) }, 'turn');
      await log!.stop();
    }
    expect((await readdir(folder)).sort()).to.deep.equal([
      'goldctl.log',
      'goldctl.log.1',
      'goldctl.log.2',
      'goldctl.log.3',
    ]);
    expect(await readFile(`${file}.1`, 'utf8')).to.include('"turn":4');
  });

  it('rotates while it writes, each time the size is reached', async () => {
    const { logger } = await open({ rotateBytes: 10_000 });
    for (let number = 0; number < 2000; number++) {
      logger.info({ event: 'x', number, filler: 'x'.repeat(100) });
      if (number % 20 === 0) await log!.waitUntilWritten();
    }
    await log!.stop();
    const names = (await readdir(folder)).sort();
    expect(names).to.deep.equal(['goldctl.log', 'goldctl.log.1', 'goldctl.log.2', 'goldctl.log.3']);
    for (const name of names) expect((await stat(join(folder, name))).size, name).to.be.at.most(16_000);
    expect(await readFile(file, 'utf8')).to.include('"number":1999');
  });

  it('writes a few lines of an event that one network repeats, and the number of the others', async () => {
    const { logger, logSummaries } = await open();
    const refused = (address: string) => logger.warn({ event: 'connection.refused', address }, 'too many connections');
    for (let i = 0; i < 1254; i++) refused(`203.0.113.${i % 256}`);
    refused('198.51.100.7');
    logger.warn({ event: 'account.signIn', address: '203.0.113.9' }, 'sign-in refused');
    logSummaries();
    refused('203.0.113.1');
    const all = await lines();
    const of = (event: string) => all.filter((line) => line.event === event);
    expect(of('connection.refused')).to.have.length(20 + 1 + 1 + 1);
    expect(of('account.signIn')).to.have.length(1);
    expect(all.find(({ count }) => count !== undefined)).to.include({
      level: 'warn',
      event: 'connection.refused',
      network: '203.0.113.0/24',
      count: 1234,
      msg: '1,234 more of these from 203.0.113.0/24',
    });
  });

  it('rotates while it runs, and a follower misses nothing', async () => {
    const { logger, rotate } = await open();
    const controller = new AbortController();
    const seen: number[] = [];
    const followed = (async () => {
      for await (const line of followLines(file, 10, controller.signal)) {
        const { number } = JSON.parse(line);
        if (number !== undefined) seen.push(number);
        if (number === 30) return;
        if (number === undefined || number % 10 !== 0) continue;
        await rotate();
        for (let next = number + 1; next <= number + 10; next++) logger.info({ event: 'x', number: next });
      }
    })();
    for (let number = 1; number <= 10; number++) logger.info({ event: 'x', number });
    await followed;
    expect(seen).to.deep.equal(Array.from({ length: 30 }, (_, index) => index + 1));
    expect((await stat(file)).mode & 0o777).to.equal(0o600);
    controller.abort();
  });

  it('reads the last lines, also from the previous file', async () => {
    expect(await readLastLines(file, 5)).to.deep.equal([]);
    await writeFile(`${file}.1`, 'a\nb\nc\n');
    await writeFile(file, 'đ\ne\nunfinished');
    expect(await readLastLines(file, 1)).to.deep.equal(['e']);
    expect(await readLastLines(file, 4)).to.deep.equal(['b', 'c', 'đ', 'e']);
    const many = Array.from({ length: 40_000 }, (_, index) => `line ${index}`);
    await writeFile(file, `${many.join('\n')}\n`);
    expect(await readLastLines(file, 30_000)).to.deep.equal(many.slice(-30_000));
  });

  it('stops following on request', async () => {
    const controller = new AbortController();
    const iterator = followLines(file, 10, controller.signal);
    const next = iterator.next();
    controller.abort();
    expect(await next).to.deep.equal({ value: undefined, done: true });
  });
});

describe('formatLogLine', () => {
  it('has the format of the older programs, in Vietnam time', () => {
    const time = Date.UTC(2026, 10, 21, 8, 0, 1);
    expect(
      formatLogLine(
        JSON.stringify({ level: 'info', time, event: 'forum.post', member: 'lan', text: 'Xin chào', msg: 'posted' }),
      ),
    ).to.equal('2026-11-21 15:00:01 [INFO] [forum.post]: posted member=lan text="Xin chào"');
    expect(formatLogLine(JSON.stringify({ level: 'warn', time, event: 'sum.range', numbers: [1, 2] }))).to.equal(
      '2026-11-21 15:00:01 [WARNING] [sum.range]: numbers=[1,2]',
    );
  });

  it('shows errors by their message', () => {
    const err = {
      name: 'AppError',
      code: 'NOT_AVAILABLE',
      message: 'down',
      stack: 'at x',
      cause: { name: 'Error', message: 'refused' },
    };
    expect(formatLogLine(JSON.stringify({ level: 'error', time: 0, event: 'rates.fetch', err }))).to.equal(
      '1970-01-01 07:00:00 [ERROR] [rates.fetch]: err="NOT_AVAILABLE: down" <- "Error: refused"',
    );
  });

  it('removes all control characters', () => {
    const hostile = 'a\u001b[2Jb\r\nc\u202ed';
    expect(
      formatLogLine(
        JSON.stringify({ level: 'info', time: 0, event: hostile, msg: hostile, [hostile]: { x: hostile } }),
      ),
    ).to.not.match(/\p{Cc}|\u202e/u);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        expect(formatLogLine(text)).to.not.match(/\p{Cc}/u);
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (entry) => {
        expect(formatLogLine(JSON.stringify(entry))).to.not.match(/\p{Cc}/u);
      }),
    );
  });

  it('leaves lines that are not JSON unchanged', () => {
    expect(formatLogLine('FATAL ERROR: out of memory')).to.equal('FATAL ERROR: out of memory');
  });
});
