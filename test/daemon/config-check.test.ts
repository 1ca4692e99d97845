import { chmod, rm, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { certificatePath } from '../../src/daemon/certificate.ts';
import { checkConfig } from '../../src/daemon/config-check.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import { REQUIRED_FIELDS } from '../../src/rates/row-reader.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { skip } from '../skip.ts';
import { quietHome } from './quiet.ts';

describe('checkConfig', () => {
  let home: HomeDirectory;
  const problems = async (settings: unknown) => {
    await writeFile(home.configFile, typeof settings === 'string' ? settings : JSON.stringify(settings));
    return (await checkConfig(home)).map(({ message }) => message.replace(`${home.configFile}: `, ''));
  };

  beforeEach(async () => {
    home = await quietHome();
    await home.ensureFolders();
  });
  afterEach(() => rm(home.root, { recursive: true }));

  it('accepts valid settings, and none', async () => {
    expect(await checkConfig(home)).to.deep.equal([]);
    await rm(home.configFile);
    expect(await checkConfig(home)).to.deep.equal([]);
  });

  it('reports all problems at once, each with its name and the fix', async () => {
    const found = await problems({
      listen: { prot: 1, host: 5 },
      attempts: 9,
      log: { level: 'loud' },
      limits: { lineBytes: 1, connections: '5', unheard: 1, unknown: 2 },
      rates: { providers: { sjc: { every: 5 } } },
      sum: 1,
    });
    for (const expected of [
      /^listen\.prot is not a setting; did you mean "port"\?$/,
      /^listen\.host is a number; use a string in double quotes\.$/,
      /^attempts is 9; use a whole number from 1 to 5\.$/,
      /^log\.level is "loud"; use one of debug, info, warn, error\.$/,
      /^limits\.lineBytes is 1; use a whole number from 1024 to 8388608\.$/,
      /^limits\.connections is a string; use a whole number, without quotes\.$/,
      /^limits\.unheard is not a setting; /,
      /^limits\.unknown is not a setting; /,
      /^rates\.providers\.sjc\.every is a number; use a string/,
      /^sum is not a setting; /,
    ]) {
      expect(
        found.filter((message) => expected.test(message)),
        String(expected),
      ).to.have.length(1);
    }
    expect(found).to.have.length(10);
  });

  it('reports conflicting settings, and invalid settings of providers', async () => {
    const found = await problems({
      listen: { host: '0.0.0.0', port: 4001, plain: true },
      sumPort: 4001,
      metricsPort: 4001,
      serverName: 'gold\u001bctl',
      limits: { queueSoftBytes: 2048, queueHardBytes: 1024 },
      rates: {
        providers: {
          sjc: { url: 'ftp://sjc' },
          pnj: { key: 'with space' },
          doji: { evry: '5m' },
          binance: { every: 'soon' },
          mine: { url: 'https://example.com', market: 'copper', quote: {} },
        },
      },
    });
    const names = [
      'listen.plain',
      'sumPort',
      'metricsPort',
      'serverName',
      'limits.queueHardBytes',
      'rates.providers.binance.every',
    ];
    const fields = REQUIRED_FIELDS.map((field) => `mine.quote.${field}`);
    const sources = ['sjc.url', 'pnj.key', 'doji.evry', 'mine.market', ...fields].map(
      (name) => `rates.providers.${name}`,
    );
    expect(found.map((message) => message.split(' ')[0]).sort()).to.deep.equal([...names, ...sources].sort());
    expect(found.join('\n')).to.not.include('with space').and.to.not.include('\u001b');
  });

  it('tells the mistakes of providers and combinations together with the others', async () => {
    const found = await problems({
      attempts: 9,
      listen: { host: '0.0.0.0', port: '4001', plain: true },
      serverName: '',
      rates: {
        providers: {
          sjc: { enabled: 'yes', url: 'ftp://sjc', evry: '5m', key: 'a b' },
          mine: {
            url: 'example.com',
            market: 'copper',
            format: 'yaml',
            scale: 0,
            surprise: 1,
            other: 2,
            every: 'soon',
            quote: { instrument: "'GOLD'", buy: '(', sell: 'sell', currency: "'VND'", unit: "'tael'", bid: 'x' },
          },
        },
      },
    });
    for (const expected of [
      /^attempts is 9; use/,
      /^listen\.port is a string; use/,
      /^listen\.plain would send passwords in clear text/,
      /^serverName is empty; use 1-128 characters\.$/,
      /^rates\.providers\.sjc\.enabled is a string; use true or false/,
      /^rates\.providers\.sjc\.url is not an http or https address\. Use an address/,
      /^rates\.providers\.sjc\.evry is an unknown setting\. Remove it, or use/,
      /^rates\.providers\.sjc\.key contains a space/,
      /^rates\.providers\.mine\.url is not an http or https URL\. Example/,
      /^rates\.providers\.mine\.market is "copper"\. Use one of/,
      /^rates\.providers\.mine\.format is not a body format\. Use one of/,
      /^rates\.providers\.mine\.scale is not a positive number\. Set it/,
      /^rates\.providers\.mine\.surprise is an unknown setting/,
      /^rates\.providers\.mine\.other is an unknown setting/,
      /^rates\.providers\.mine\.every is "soon"; use a duration/,
      /^rates\.providers\.mine\.quote\.buy is not a JMESPath expression/,
      /^rates\.providers\.mine\.quote\.bid is an unknown setting/,
    ]) {
      expect(
        found.filter((message) => expected.test(message)),
        `${expected} in ${found.join('\n')}`,
      ).to.have.length(1);
    }
    expect(found, found.join('\n')).to.have.length(17);
  });

  it('reports where a file is not JSON, and what is wrong with the certificate', async () => {
    expect(await problems('{"attempts": 3,}')).to.deep.equal([
      `${home.configFile}, line 1, column 16 is not valid JSON: property name expected.`,
    ]);
    await writeFile(certificatePath(home), 'none');
    expect((await problems({})).join()).to.match(/daemon's certificate .* is damaged/);
  });

  it('reports an unreadable file', async function () {
    await chmod(home.configFile, 0o000);
    if (process.platform === 'win32' || process.getuid?.() === 0) skip(this, 'this user can read every file');
    expect((await checkConfig(home)).map(({ code }) => code)).to.deep.equal(['STORE_FAILED']);
  });

  it('is printed by the command, one sentence per line', async () => {
    const daemon = await DaemonFixture.start();
    try {
      await writeFile(daemon.home.configFile, '{"attempts": 9, "sum": 1}');
      const said = await daemon.run(['config', 'check']);
      expect(said).to.include({ exit: 1, stdout: '' });
      expect(said.stderr.split('\n')).to.have.length(3);
      const { error } = JSON.parse((await daemon.run(['config', 'check', '--json'])).stdout);
      expect(error.code).to.equal('CONFIG_INVALID');
      expect(error.data.problems).to.have.length(2);
    } finally {
      await daemon.stop();
    }
  });
});
