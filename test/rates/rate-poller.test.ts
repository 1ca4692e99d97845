import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { defined } from '../../src/domain/defined.ts';
import type { Logger } from '../../src/domain/logger.ts';
import type { DatedNewQuote, NewQuote } from '../../src/domain/quote.ts';
import type { Lease } from '../../src/engine/types.ts';
import { HttpFetcher } from '../../src/rates/http-fetcher.ts';
import { type Provider, type ProviderContext, ResponseFormatError } from '../../src/rates/provider.ts';
import type { ConfiguredProvider, ProviderOptions } from '../../src/rates/provider-client.ts';
import type { ProviderHealthReport } from '../../src/rates/provider-health.ts';
import type { IngestResult, QuoteSink } from '../../src/rates/quote-sink.ts';
import { RatePoller, type RatePollerSettings } from '../../src/rates/rate-poller.ts';
import { readRows } from '../../src/rates/read-rows.ts';
import { type Answer, HttpServer, until } from './http-server.ts';

function quote(provider: string, sell: number, at = 0, instrument = 'BTC'): DatedNewQuote {
  return {
    instrument,
    market: 'crypto',
    provider,
    company: provider,
    brand: '',
    buy: null,
    sell,
    currency: 'USD',
    unit: 'coin',
    at,
  };
}

/** A provider whose body is a JSON list of prices, each of its own instrument; texts are invalid rows. */
function provider(id: string, more: Partial<Provider> = {}): Provider {
  return {
    id,
    name: id.toUpperCase(),
    market: 'crypto',
    statedTime: 'change',
    intervalMs: 60_000,
    url: 'http://127.0.0.1:1',
    enabled: true,
    requests: ({ url, key }) => [{ url: `${url}/${id}${key === undefined ? '' : `?key=${key}`}` }],
    parse(body, { rejected }, index) {
      const prices: unknown = JSON.parse(body);
      if (!Array.isArray(prices)) throw new ResponseFormatError('prices', 'a list');
      const quotes: DatedNewQuote[] = [];
      readRows(prices.entries(), rejected, ([place, price]) => {
        if (typeof price !== 'number') throw new ResponseFormatError(`prices[${place}]`, 'a number');
        quotes.push(quote(id, price, 0, `COIN-${index}-${place}`));
      });
      return quotes;
    },
    ...more,
  };
}

/** Records what it receives. */
class RecordingSink implements QuoteSink {
  readonly live: { provider: string; prices: (number | null)[]; at: number }[] = [];
  readonly past: { provider: string; prices: (number | null)[] }[] = [];
  readonly known = new Set<string>();
  /** Providers whose history is stored. */
  readonly done: string[] = [];
  refuse: (quote: NewQuote) => string | undefined = () => undefined;
  /** What the sink waits for. */
  gate: Promise<unknown> = Promise.resolve();

  async receive(provider: string, quotes: readonly NewQuote[], at: number): Promise<IngestResult> {
    await this.gate;
    this.known.add(provider);
    this.live.push({ provider, prices: quotes.map(({ sell }) => sell), at });
    return this.#received(quotes);
  }

  async receiveHistory(provider: string, quotes: readonly NewQuote[]): Promise<IngestResult> {
    this.past.push({ provider, prices: quotes.map(({ sell }) => sell) });
    return this.#received(quotes);
  }

  hasHistory(provider: string): boolean {
    return this.known.has(provider);
  }

  async historyDone(provider: string): Promise<void> {
    this.done.push(provider);
    this.known.add(provider);
  }

  #received(quotes: readonly NewQuote[]): IngestResult {
    const refused = quotes.flatMap((quote) => {
      const reason = this.refuse(quote);
      return reason === undefined ? [] : [{ quote, reason }];
    });
    return { stored: quotes.length - refused.length, confirmed: 0, held: 0, refused, statedAt: null, distance: null };
  }
}

/** A lease that the test grants and revokes. */
class TestLease implements Lease {
  isHeld = false;
  waiting = 0;
  released = 0;
  #grant: (() => void)[] = [];

  acquire(signal: AbortSignal): Promise<void> {
    this.waiting++;
    return new Promise((resolve, reject) => {
      const aborted = () => {
        this.waiting--;
        reject(signal.reason);
      };
      signal.addEventListener('abort', aborted, { once: true });
      this.#grant.push(() => {
        signal.removeEventListener('abort', aborted);
        this.waiting--;
        this.isHeld = true;
        resolve();
      });
    });
  }

  async release(): Promise<void> {
    this.isHeld = false;
    this.released++;
  }

  grant(): void {
    for (const grant of this.#grant.splice(0)) grant();
  }
}

describe('RatePoller', () => {
  let server: HttpServer;
  let sink: RecordingSink;
  let lease: TestLease;
  let lines: { level: keyof Logger; fields: Record<string, unknown>; message: string }[];
  let changes: ProviderHealthReport[];
  let cleanUp: (() => Promise<void>)[];

  const prices =
    (...list: number[]): Answer =>
    (_, response) =>
      response.end(JSON.stringify(list));

  beforeEach(async () => {
    server = await HttpServer.listen(prices(100));
    server.now = undefined;
    sink = new RecordingSink();
    lease = new TestLease();
    lines = [];
    changes = [];
    cleanUp = [];
  });

  afterEach(async () => {
    for (const end of cleanUp) await end();
    await server.close();
  });

  function source(provider: Provider, settings: Partial<ProviderOptions> = {}): ConfiguredProvider {
    return { provider, settings: { enabled: true, url: server.url, intervalMs: provider.intervalMs, ...settings } };
  }

  function gather(providers: readonly ConfiguredProvider[], settings: Partial<RatePollerSettings> = {}): RatePoller {
    const write = (level: keyof Logger) => (fields: object, message: string) =>
      void lines.push({ level, fields: fields as Record<string, unknown>, message });
    const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
    const fetcher = new HttpFetcher({ version: '0', timeoutMs: 5000 });
    const gatherer = new RatePoller({
      providers,
      fetcher,
      sink,
      lease,
      log,
      onHealthChange: (health) => changes.push(health),
      random: () => 0,
      ...defined({ monotonic: settings.now }),
      ...settings,
    });
    cleanUp.push(async () => {
      await gatherer.stop();
      fetcher.stop();
    });
    gatherer.start();
    return gatherer;
  }

  const told = (level: keyof Logger) => lines.filter((line) => line.level === level);

  async function failureOf(promise: Promise<unknown>): Promise<AppError> {
    const thrown = await promise.then(
      () => undefined,
      (reason) => reason,
    );
    expect(thrown).to.be.instanceOf(AppError);
    return thrown as AppError;
  }

  describe('fetching', () => {
    it('fetches each provider at once and on its own schedule, and passes its quotes to the sink', async () => {
      lease.grant();
      const gatherer = gather([
        source(provider('often'), { intervalMs: 15 }),
        source(provider('seldom')),
        source(provider('two', { requests: ({ url }) => [{ url: `${url}/1` }, { url: `${url}/2` }] })),
      ]);
      lease.grant();
      await until(() => sink.live.filter((entry) => entry.provider === 'often').length >= 4);
      await until(() => gatherer.health().every(({ state }) => state === 'ok'));
      expect(sink.live.filter((entry) => entry.provider === 'seldom').map((entry) => entry.prices)).to.deep.equal([
        [100],
      ]);
      expect(sink.live.filter((entry) => entry.provider === 'two').map((entry) => entry.prices)).to.deep.equal([
        [100, 100],
      ]);
      const [often, seldom] = gatherer.health();
      expect(seldom).to.include({ id: 'seldom', state: 'ok', fetches: 1, stored: 1, lastError: null });
      expect(seldom!.nextAt! - seldom!.lastOk!).to.be.within(55_000, 60_000);
      expect(often!.fetches).to.be.greaterThan(3);
    });

    it('schedules from the planned time, skips missed polls, and uses the time of the response', async () => {
      let now = 1_000_000;
      server.answer = (seen, response, request) => {
        now += 130_000; // the machine slept
        prices(1)(seen, response, request);
      };
      const gatherer = gather([source(provider('a'))], { now: () => now });
      lease.grant();
      await until(() => sink.live.length === 1);
      await until(() => gatherer.health()[0]!.state === 'ok');
      expect(sink.live[0]!.at).to.equal(1_130_000);
      expect(gatherer.health()[0]!.nextAt).to.equal(1_180_000);
    });

    it('never polls a provider twice at the same time', async () => {
      server.answer = (_, response) => void setTimeout(() => response.end('[1]'), 25);
      const gatherer = gather([source(provider('a'), { intervalMs: 5 })]);
      lease.grant();
      await until(() => server.seen.length === 1);
      const both = await Promise.all([gatherer.refresh('a'), gatherer.refresh()]);
      expect(both[0]).to.deep.equal(both[1]);
      await until(() => server.seen.length >= 4);
      expect(server.mostOpen).to.equal(1);
      expect(sink.live.length).to.be.lessThan(server.seen.length + 1);
    });

    it('spreads first fetches', async () => {
      const gatherer = gather([source(provider('a'))], { now: () => 0, random: () => 0.9 });
      lease.grant();
      await until(() => gatherer.health()[0]!.nextAt !== null);
      expect(gatherer.health()[0]!.nextAt).to.equal(900);
      expect(server.seen).to.deep.equal([]);
    });

    it('skips disabled providers and those without a required key, and says so', async () => {
      const gatherer = gather([
        source(provider('sjc'), { enabled: false }),
        source(provider('btmc', { key: 'required' }), { enabled: false }),
        source(provider('on', { key: 'required' }), { key: 'k' }),
      ]);
      lease.grant();
      await until(() => sink.live.length === 1);
      const [sjc, btmc] = gatherer.health();
      expect(sjc).to.include({ state: 'off', nextAt: null });
      expect(sjc!.lastError).to.equal('switched off: set rates.providers.sjc.enabled to true in config.json');
      expect(btmc).to.include({
        state: 'off',
        lastError: 'needs a key: set rates.providers.btmc.key in config.json',
      });
      expect((await failureOf(gatherer.refresh('btmc'))).message).to.contain('rates.providers.btmc.key');
      expect((await failureOf(gatherer.refresh('nobody'))).code).to.equal('NOT_FOUND');
      expect((await gatherer.refresh()).map(({ id }) => id)).to.deep.equal(['on']);
      expect(server.seen.map(({ url }) => url)).to.deep.equal(['/on?key=k', '/on?key=k']);
    });
  });

  describe('a failed fetch', () => {
    it('changes only health, and the provider recovers', async () => {
      const gatherer = gather([source(provider('a'), { intervalMs: 200 })]);
      lease.grant();
      await until(() => sink.live.length >= 1);
      server.answer = (_, response) => response.writeHead(500).end('[666]');
      await until(() => gatherer.health()[0]!.failures >= 3);
      const kept = sink.live.length;
      const failed = gatherer.health()[0]!;
      expect(failed).to.include({ state: 'error' });
      expect(failed.lastError).to.contain(`${server.host} responded with 500`);
      expect(failed.lastOk).to.be.at.most(failed.lastErrorAt!);
      server.answer = prices(101);
      await until(() => sink.live.length > kept);
      await until(() => gatherer.health()[0]!.state === 'ok');
      expect(sink.live.map((entry) => entry.prices[0])).not.to.include(666);
      expect(sink.live.at(-1)!.prices).to.deep.equal([101]);
      expect(changes.map(({ state }) => state)).to.deep.equal(['ok', 'error', 'ok']);
      expect(told('warn').map(({ message }) => message)).to.deep.equal([failed.lastError]); // once, not every time
      expect(told('info').at(-1)!.message).to.equal('provider recovered');
    });

    for (const [name, answer, sentence] of [
      [
        'a body that does not fit',
        '{}',
        'A sent an unexpected response: prices: expected a list. Its format may have changed.',
      ],
      ['a body without prices', '[]', 'A responded, but without prices.'],
      ['an error of the parser', '[', 'Internal error in the daemon. See its log for details.'],
    ] as const) {
      it(`is caused by ${name}`, async () => {
        server.answer = (_, response) => response.end(answer);
        const gatherer = gather([source(provider('a'))]);
        lease.grant();
        await until(() => gatherer.health()[0]!.failures === 1);
        expect(gatherer.health()[0]).to.include({ state: 'error', lastError: sentence, lastOk: null });
        expect(sink.live).to.deep.equal([]);
      });
    }

    it('discards all responses of the poll', async () => {
      server.answer = ({ url }, response) => {
        if (url === '/1') response.end('[1]');
        else response.writeHead(404).end();
      };
      const requests = ({ url }: ProviderContext) => [{ url: `${url}/1` }, { url: `${url}/2` }];
      const gatherer = gather([source(provider('a', { requests }))]);
      lease.grant();
      await until(() => gatherer.health()[0]!.failures === 1);
      expect(sink.live).to.deep.equal([]);
    });

    it('is caused by a sink that cannot store', async () => {
      sink.gate = Promise.reject(new AppError('STORE_FAILED'));
      sink.gate.catch(() => {});
      const gatherer = gather([source(provider('a'))]);
      lease.grant();
      await until(() => gatherer.health()[0]!.failures === 1);
      expect(gatherer.health()[0]!.lastError).to.equal('The data folder cannot be read or written.');
    });

    it('is followed by growing pauses up to the interval', async () => {
      server.answer = (_, response) => response.writeHead(500).end();
      let random = 0;
      const gatherer = gather([source(provider('a'))], { now: () => 1_000_000, random: () => random });
      lease.grant();
      await until(() => gatherer.health()[0]!.failures === 1);
      const pauses = [];
      for (random of [1, 1, 1, 1, 0, 0.5]) {
        await failureOf(gatherer.refresh('a'));
        pauses.push(gatherer.health()[0]!.nextAt! - 1_000_000);
      }
      expect(pauses).to.deep.equal([20_000, 40_000, 60_000, 60_000, 5000, 32_500]);
      server.answer = prices(1);
      await gatherer.refresh('a');
      server.answer = (_, response) => response.writeHead(500).end();
      random = 1;
      await failureOf(gatherer.refresh('a'));
      expect(gatherer.health()[0]!.nextAt! - 1_000_000).to.equal(10_000);
    });

    it('waits at least as long as the host requests, for all providers of that host', async () => {
      const gatherer = gather([source(provider('a'), { intervalMs: 20 }), source(provider('b'), { intervalMs: 20 })]);
      lease.grant();
      await until(() => sink.live.length >= 2);
      server.answer = (_, response) => response.writeHead(429, { 'Retry-After': '3600' }).end();
      const now = Date.now();
      await until(() => gatherer.health().some(({ failures }) => failures === 1));
      await until(() => gatherer.health().every(({ nextAt }) => nextAt! > now + 3_500_000));
      const asked = server.seen.length;
      const failure = await failureOf(gatherer.refresh('a'));
      expect(failure.data.retryAfterMs).to.be.within(3_500_000, 3_600_000);
      expect((await gatherer.refresh()).map(({ state }) => state)).to.deep.equal(['error', 'error']);
      expect(gatherer.health()[0]!.lastError).to.contain('asked clients to wait');
      expect(server.seen.length).to.equal(asked);
    });

    it('never shows a key, neither in health nor in the log', async () => {
      const gatherer = gather([source(provider('a'), { key: 'hush-hush' })]);
      const answers: Answer[] = [
        (_, response) => response.writeHead(403).end('hush-hush'),
        (_, __, request) => request.socket.destroy(),
        (_, response) => response.writeHead(302, { Location: 'ftp://a/?key=hush-hush' }).end(),
      ];
      server.answer = answers[0]!;
      lease.grant();
      await until(() => gatherer.health()[0]!.failures === 1);
      for (const answer of answers) {
        server.answer = answer;
        await failureOf(gatherer.refresh('a'));
      }
      await server.close();
      await failureOf(gatherer.refresh('a'));
      expect(server.seen[0]!.url).to.contain('hush-hush');
      const errors = lines.flatMap(({ fields }) => {
        const err = fields.err as Error | undefined;
        return [err?.stack, (err?.cause as Error | undefined)?.stack];
      });
      expect(errors.join()).to.contain('ECONNREFUSED');
      expect(JSON.stringify([lines, gatherer.health(), changes, errors])).not.to.contain('hush');
    });
  });

  it('becomes stale without a good fetch for three intervals, and reports it', async () => {
    const gatherer = gather([source(provider('a'), { intervalMs: 20 })]);
    expect(gatherer.health()[0]!.state).to.equal('stale'); // none yet
    lease.grant();
    await until(() => changes.length === 1);
    server.answer = () => {}; // neither a response nor an error
    await until(() => changes.length === 2);
    expect(changes.map(({ state }) => state)).to.deep.equal(['ok', 'stale']);
  });

  it('counts refused quotes and logs each reason once', async () => {
    server.answer = prices(100, 900);
    sink.refuse = ({ sell }) => (sell === 900 ? 'sell 900 is a jump of over 20 % from 100' : undefined);
    const gatherer = gather([source(provider('a'), { intervalMs: 15 })]);
    lease.grant();
    await until(() => gatherer.health()[0]!.refused >= 3);
    expect(gatherer.health()[0]).to.include({ failures: 0 });
    expect(told('warn')).to.have.length(1);
    expect(told('warn')[0]!.fields).to.include({ provider: 'a', sell: 900 });
  });

  it('omits invalid rows, counts them and logs each kind once', async () => {
    server.answer = (_, response) => response.end('[100, "x", 101]');
    const gatherer = gather([source(provider('a'), { intervalMs: 15 })]);
    lease.grant();
    await until(() => sink.live.length >= 3);
    expect(sink.live.at(-1)!.prices).to.deep.equal([100, 101]);
    expect(gatherer.health()[0]).to.include({ state: 'ok', failures: 0 });
    expect(gatherer.health()[0]!.last).to.include({ rejected: 1 });
    expect(told('warn').map(({ fields }) => fields)).to.deep.equal([
      { event: 'rates.rejected', provider: 'a', path: 'prices[1]', reason: 'expected a number', rows: 1 },
    ]);
    server.answer = prices(100);
    await until(() => gatherer.health()[0]!.last?.rejected === 0);
  });

  it('fails if most rows are invalid', async () => {
    server.answer = (_, response) => response.end('[100, "x", "y"]');
    const gatherer = gather([source(provider('a'))]);
    lease.grant();
    await until(() => gatherer.health()[0]!.failures === 1);
    expect(gatherer.health()[0]!.lastError).to.contain('unexpected response: prices[1]: expected a number');
    expect(sink.live).to.deep.equal([]);
  });

  describe('the lease', () => {
    it('is required: nothing is fetched without it', async () => {
      const gatherer = gather([source(provider('a'))]);
      await until(() => lease.waiting === 1);
      expect((await failureOf(gatherer.refresh())).code).to.equal('NOT_AVAILABLE');
      await gatherer.stop();
      expect(lease.waiting).to.equal(0);
      expect(server.seen).to.deep.equal([]);
    });

    it('continues the schedule of the daemon that held it before', async () => {
      const hour = 3_600_000;
      const ago: Record<string, number> = { new: 0, half: hour / 2, late: 2 * hour, never: Number.NaN };
      const begun = Date.now();
      const gatherer = gather(
        Object.keys(ago).map((id) => source(provider(id), { intervalMs: hour })),
        { lastFetchElsewhere: (id) => (Number.isNaN(ago[id]!) ? undefined : begun - ago[id]!) },
      );
      lease.grant();
      await until(() => sink.live.length === 2);
      expect(sink.live.map((entry) => entry.provider).sort()).to.deep.equal(['late', 'never']);
      const next = Object.fromEntries(gatherer.health().map(({ id, nextAt }) => [id, nextAt]));
      expect([next.new, next.half]).to.deep.equal([begun + hour, begun + hour / 2]);
    });

    it('is released by stop, and acquired again by start', async () => {
      const gatherer = gather([source(provider('a'))]);
      lease.grant();
      await until(() => sink.live.length === 1);
      await gatherer.stop();
      expect(lease).to.include({ isHeld: false, released: 1 });
      gatherer.start();
      lease.grant();
      await until(() => sink.live.length === 2);
    });

    it('stops polling when it is lost, until it is held again', async () => {
      const gatherer = gather([source(provider('a'), { intervalMs: 15 })]);
      lease.grant();
      await until(() => sink.live.length >= 2);
      lease.isHeld = false;
      await until(() => lease.waiting === 1);
      const before = sink.live.length;
      expect(gatherer.health()[0]!.nextAt).to.equal(null);
      expect((await failureOf(gatherer.refresh('a'))).code).to.equal('NOT_AVAILABLE');
      lease.grant();
      await until(() => sink.live.length > before + 1);
    });

    it('stores nothing of a response that arrives after it was lost', async () => {
      let answer = () => {};
      server.answer = (_, response) => {
        answer = () => response.end('[1]');
      };
      const gatherer = gather([source(provider('a'))]);
      lease.grant();
      await until(() => server.seen.length === 1);
      lease.isHeld = false;
      answer();
      await until(() => lease.waiting === 1);
      expect(sink.live).to.deep.equal([]);
      expect(gatherer.health()[0]).to.include({ failures: 0, fetches: 0 });
    });

    it('is requested again if the engine fails, and stop does not wait for it', async () => {
      lease.acquire = () => Promise.reject(new Error('no quorum'));
      const gatherer = gather([source(provider('a'))]);
      await until(() => told('error').length === 1);
      await gatherer.stop();
      expect(told('error')).to.have.length(1);
    });
  });

  describe('stopping', () => {
    it('aborts active fetches, which does not count as a failure of the provider', async () => {
      let closed = false;
      server.answer = (_, response) =>
        response.on('close', () => {
          closed = true;
        });
      const gatherer = gather([source(provider('a')), source(provider('b'))]);
      lease.grant();
      await until(() => server.seen.length === 1);
      const refreshed = failureOf(gatherer.refresh('a'));
      await gatherer.stop();
      expect((await refreshed).message).to.equal('This daemon stopped fetching rates.');
      await until(() => closed);
      expect(server.seen).to.have.length(1);
      expect(sink.live).to.deep.equal([]);
      expect(gatherer.health().map(({ failures, nextAt }) => [failures, nextAt])).to.deep.equal([
        [0, null],
        [0, null],
      ]);
      expect(told('warn')).to.deep.equal([]);
    });

    it('waits until the sink has stored', async () => {
      let open = () => {};
      let reached = false;
      sink.gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      sink.hasHistory = () => {
        reached = true;
        return true;
      };
      const gatherer = gather([source(provider('a'))]);
      lease.grant();
      await until(() => reached);
      let stopped = false;
      const stopping = gatherer.stop().then(() => {
        stopped = true;
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(stopped).to.equal(false);
      open();
      await stopping;
      expect(sink.live).to.have.length(1);
      expect(lease.released).to.equal(1);
    });
  });

  describe('history', () => {
    /** Pages `/past/0`, `/past/1`, … of one price each. */
    const paged = (id: string, pages: number) =>
      provider(id, {
        backfill: ({ url, fetch }) =>
          Array.from({ length: pages }, (_, page) => ({
            id: `${page}`,
            read: async () => {
              const body = await fetch({ url: `${url}/past/${page}` });
              return (JSON.parse(body) as number[]).map((price) => quote(id, price, page));
            },
          })),
      });

    it('is fetched after the first good fetch of a provider without history', async () => {
      let range: [number, number] = [0, 0];
      const past = paged('a', 3);
      const backfill: Provider['backfill'] = (context, from, to) => {
        range = [from, to];
        return past.backfill!(context, from, to);
      };
      const gatherer = gather([source({ ...past, backfill })]);
      lease.grant();
      await until(() => sink.past.length === 3);
      expect(server.seen.map(({ url }) => url)).to.deep.equal(['/a', '/past/0', '/past/1', '/past/2']);
      await until(() => told('info').some(({ message }) => message === 'provider history fetched'));
      expect(gatherer.health()[0]).to.include({ fetches: 1, stored: 4 });
      expect(range[1] - range[0]).to.equal(3652 * 24 * 3_600_000);
      expect(sink.done).to.deep.equal(['a']);
      await gatherer.refresh('a');
      expect(server.seen).to.have.length(5); // not a second time
    });

    it('is not fetched if it is stored already', async () => {
      sink.known.add('a');
      const gatherer = gather([source(paged('a', 3))]);
      lease.grant();
      await until(() => sink.live.length === 1);
      await gatherer.refresh('a');
      expect(server.seen.map(({ url }) => url)).to.deep.equal(['/a', '/a']);
    });

    it('lets live fetches of the same host go first', async () => {
      server.answer = ({ url }, response) => {
        if (url.startsWith('/past')) setTimeout(() => response.end('[1]'), 5);
        else response.end('[2]');
      };
      sink.known.add('b');
      const gatherer = gather([source(paged('a', 1000)), source(provider('b'), { intervalMs: 15 })]);
      lease.grant();
      await until(() => sink.past.length >= 10);
      const [live, past] = [sink.live.length, sink.past.length];
      await gatherer.refresh('b');
      expect(sink.live.length).to.be.greaterThan(live);
      expect(sink.past.length - past).to.be.lessThan(3);
      await gatherer.stop();
    });

    it('skips a page that fails, and requests only that page a day later', async () => {
      let ahead = 0;
      server.answer = ({ url }, response) => {
        if (url === '/past/1') response.writeHead(503).end();
        else response.end('[1]');
      };
      const gatherer = gather([source(paged('a', 3))], { now: () => Date.now() + ahead });
      lease.grant();
      await until(() => told('warn').length === 1);
      expect(told('warn')[0]!.message).to.match(
        /^1 pages of the provider history are missing .* again in 24 h\. .*503/,
      );
      expect(sink.past).to.have.length(2);
      expect(sink.done).to.deep.equal([]);
      expect(gatherer.health()[0]).to.include({ state: 'ok', lastError: null });

      await gatherer.refresh('a');
      expect(server.seen.map(({ url }) => url)).to.deep.equal(['/a', '/past/0', '/past/1', '/past/2', '/a']);
      ahead = 25 * 3_600_000;
      server.answer = prices(1);
      await gatherer.refresh('a');
      await until(() => sink.done.length === 1);
      expect(server.seen.slice(5).map(({ url }) => url)).to.deep.equal(['/a', '/past/1']);
      expect(sink.past).to.have.length(3);
      ahead += 25 * 3_600_000;
      await gatherer.refresh('a');
      await gatherer.stop();
      expect(server.seen).to.have.length(8); // no more history
    });

    it('stops cleanly between pages', async () => {
      const gatherer = gather([source(paged('a', 1_000_000))]);
      lease.grant();
      await until(() => sink.past.length >= 2);
      await gatherer.stop();
      const [asked, stored] = [server.seen.length, sink.past.length];
      expect(told('warn')).to.deep.equal([]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(sink.past.length).to.equal(stored);
      // One request was active at the stop and may reach the server later; no other is sent.
      expect(server.seen.length - asked).to.be.within(0, 1);
    });
  });
});
