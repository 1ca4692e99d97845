import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { applyFlags, loadConfig, parseConfig } from '../../src/daemon/config.ts';
import { AppError } from '../../src/domain/app-error.ts';

const read = (value: unknown) => parseConfig(typeof value === 'string' ? value : JSON.stringify(value), 'config.json');

function refused(value: unknown): AppError {
  try {
    read(value);
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError).and.to.include({ code: 'CONFIG_INVALID' });
    return thrown as AppError;
  }
  throw new Error('Expected an AppError.');
}

describe('config', () => {
  it('has defaults for everything', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'goldctl-config-'));
    const config = await loadConfig(join(folder, 'config.json'));
    expect(config).to.deep.include({
      listen: { host: '127.0.0.1', port: 4000, plain: false },
      attempts: 3,
      log: { level: 'info' },
      rates: { compactAfterDays: 30, reference: {}, providers: {} },
    });
    expect(config.limits).to.deep.equal({
      lineBytes: 65_536,
      postCharacters: 4096,
      callsPerSecond: 20,
      callsBurst: 60,
      connections: 10_000,
      connectionsPerAddress: 64,
      helloMs: 10_000,
      signInMs: 60_000,
      idleMs: 300_000,
      pingMs: 30_000,
      queueSoftBytes: 1_048_576,
      queueHardBytes: 4_194_304,
      stallMs: 10_000,
      signUpsPerHour: 20,
      signUpsInAllPerHour: 1000,
      passwordQueue: 64,
      listings: 10_000,
      postsPerDay: 5000,
      bytesPerDay: 16_777_216,
      postsPerDayPerSource: 20_000,
      bytesPerDayPerSource: 67_108_864,
      freeBytes: 33_554_432,
      relays: 64,
      relayBytesPerSecond: 4_194_304,
    });
    await rm(folder, { recursive: true });
  });

  it('keeps given values, and passes on the settings of providers', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'goldctl-config-'));
    const file = join(folder, 'config.json');
    const providers = {
      sjc: { every: '90s', url: 'http://127.0.0.1:1' },
      mine: { market: 'gold', rows: 'data', quote: { buy: 'b' } },
    };
    await writeFile(
      file,
      `\ufeff${JSON.stringify({ listen: { port: 0 }, limits: { helloMs: 500 }, sumPort: 5000, rates: { providers } })}`,
    );
    const config = await loadConfig(file);
    expect(config.listen).to.deep.equal({ host: '127.0.0.1', port: 0, plain: false });
    expect(config.limits).to.include({ helloMs: 500, signInMs: 60_000 });
    expect(config.sumPort).to.equal(5000);
    expect(config.rates.providers).to.deep.equal(providers);
    await rm(folder, { recursive: true });
  });

  it('names file, setting and fix', () => {
    const cases: [unknown, string, string][] = [
      [{ listen: { prot: 4000 } }, 'listen.prot', 'did you mean "port"?'],
      [{ limit: {} }, 'limit', 'did you mean "limits"?'],
      [{ attempts: 6 }, 'attempts', '1 to 5'],
      [{ listen: { port: '4000' } }, 'listen.port', 'without quotes'],
      [{ listen: { host: 'a b' } }, 'listen.host', '127.0.0.1'],
      [{ log: { level: 'loud' } }, 'log.level', 'debug, info, warn, error'],
      [{ limits: { queueSoftBytes: 2 ** 23 } }, 'limits.queueHardBytes', 'queueSoftBytes'],
      [{ rates: { providers: { sjc: { every: '5' } } } }, 'rates.providers.sjc.every', '"30m"'],
      [{ rates: { providers: { 'S J C': {} } } }, 'rates.providers.S J C', 'lowercase letters'],
      ['{"rates":{"providers":{"__proto__":{}}}}', 'rates.providers.__proto__', 'not a valid provider id'],
    ];
    for (const [value, path, fix] of cases) {
      const { message, data } = refused(value);
      expect(message).to.include('config.json').and.to.include(path).and.to.include(fix);
      expect(data.path).to.equal(path);
    }
  });

  it('names the first of several problems, their number, and the command that lists all', () => {
    const { message, data } = refused({ limits: { callsPerSecond: 'x', conections: 3 }, listn: {} });
    expect(message).to.match(
      /^config\.json: limits\.callsPerSecond is a string; use a whole number, without quotes\. /,
    );
    expect(message).to.match(/ There are 3 problems in total: `goldctl config check` lists them\.$/);
    expect(data).to.deep.equal(refused({ limits: { callsPerSecond: 'x' } }).data);
  });

  it('refuses any number of unknown settings, and reports problems after them', () => {
    for (const count of [1, 7, 8, 9, 20, 1000]) {
      const unknown = Object.fromEntries(Array.from({ length: count }, (_, i) => [`unknown${i}`, {}]));
      for (const config of [unknown, { ...unknown, listen: { host: 0 } }, { listen: { ...unknown, host: 0 } }]) {
        expect(() => parseConfig(JSON.stringify(config), 'config.json'), `${count}`)
          .to.throw(AppError)
          .with.property('code', 'CONFIG_INVALID');
      }
    }
  });

  it('does not quote an invalid key', () => {
    expect(refused({ rates: { providers: { doji: { key: ['s3cret'] } } } }).message).to.not.include('s3cret');
  });

  it('names line and column of invalid JSON', () => {
    expect(refused('{\n  "attempts": 3,\n}').data).to.include({ line: 3, column: 1 });
    expect(refused('[1, 2').message).to.equal(
      'config.json, line 1, column 6 is not valid JSON: close bracket expected.',
    );
    expect(refused('{"attempts" 1}').message).to.include('line 1, column 13 is not valid JSON: colon expected');
    expect(refused('{"attempts": 1}\n}').message).to.include(
      'line 2, column 1 is not valid JSON: end of file expected',
    );
    expect(refused('['.repeat(200_000)).message).to.include('is not valid JSON');
  });

  it('allows comments, which do not change positions', () => {
    expect(read('{\n  // ports\n  "attempts": 2 /* few */\n}').attempts).to.equal(2);
    expect(read('{ "serverName": "a // b" }').serverName).to.equal('a // b');
    expect(refused('/* one\ntwo */ {\n "attempts": 3, }').data).to.include({ line: 3, column: 17 });
    expect(refused('{ "__proto__": { "attempts": 2 } }').message).to.include('__proto__');
  });

  it('refuses clear text on addresses that others can reach', () => {
    expect(refused({ listen: { plain: true, host: '0.0.0.0' } }).message).to.include('clear text');
    expect(read({ listen: { plain: true, host: '::1' } }).listen.plain).to.equal(true);
    expect(() => applyFlags(read({ listen: { host: '192.168.1.2' } }), { plain: true }))
      .to.throw(AppError, '--plain')
      .with.property('code', 'USAGE');
  });

  it('prefers flags to the file', () => {
    const config = read({ listen: { port: 5000 }, attempts: 2 });
    expect(applyFlags(config, {})).to.deep.equal(config);
    expect(applyFlags(config, { port: 0, attempts: 5, sumPort: 0, metricsPort: 9464, plain: true })).to.deep.include({
      listen: { host: '127.0.0.1', port: 0, plain: true },
      attempts: 5,
      sumPort: 0,
      metricsPort: 9464,
    });
    expect(() => applyFlags(config, { attempts: 0 })).to.throw(AppError, '--attempts');
  });

  it('throws only its own error for any bytes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          read(text);
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(AppError);
        }
      }),
    );
  });
});
