import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../client/client.ts';
import { localTarget, parseTarget } from '../client/target.ts';
import { startDaemon, stopDaemon } from '../daemon/lifecycle.ts';
import { configuredSources } from '../daemon/sources.ts';
import { Failure } from '../domain/failure.ts';
import { type Home, openHome } from '../home.ts';
import { writePrivate } from '../private-file.ts';
import type { ImportRow } from '../protocol/rates.ts';
import { Bot } from './bot.ts';
import { Chance } from './chance.ts';
import { Exchange } from './exchange.ts';
import { Market, type Price } from './market.ts';
import { COMPANY, PROVIDER, providerConfig } from './provider.ts';
import { AN, BINH, type Character, opening } from './talk.ts';
import {
  makeTemporaryHome,
  removeTemporaryHome,
  removeTemporaryHomeNow,
  sweepTemporaryHomes,
} from './temporary-home.ts';

/** Who the visitor is. */
export const VISITOR = 'you';
/** A call is a line of 64 KiB at most. */
const ROWS = 1000;
const ARRIVAL_MS = 15_000;
const POLL_MS = 25;

export interface DemoSettings {
  /** The same number gives the same prices. */
  readonly seed: number;
  /** Told what is being done, a few words. */
  readonly onStep?: (step: string) => void;
}

/**
 * A room to try things in: its own home in the folder for temporary files, a daemon that ends with this process, one
 * provider that makes its prices up, a year of history, two bots, and the visitor signed in. Nothing of it stays.
 */
export class Demo {
  readonly #seed: number;
  readonly #onStep: (step: string) => void;
  readonly #market: Market;
  readonly #exchange: Exchange;
  readonly #bots: Bot[] = [];
  #home: Home | undefined;
  #address = '';
  #building: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  readonly #removeAtExit = () => {
    if (this.#home) removeTemporaryHomeNow(this.#home);
  };

  constructor({ seed, onStep = () => {} }: DemoSettings) {
    this.#seed = seed;
    this.#onStep = onStep;
    this.#market = new Market(seed, Date.now());
    this.#exchange = new Exchange(this.#market, () => Date.now());
  }

  /** Whose credentials sign the visitor in. */
  get home(): Home {
    return this.#home!; // set by start()
  }

  /** Where the daemon listens, `127.0.0.1:…`. */
  get address(): string {
    return this.#address;
  }

  /**
   * Resolves when the room is furnished.
   * @throws Failure what kept it from coming about, or CONNECTION_ENDED when it was stopped on the way; then nothing
   * of it is left
   */
  async start(): Promise<void> {
    this.#building = this.#build();
    try {
      await this.#building;
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  /** Ends bots and daemon and removes the home. May be called at any time, and again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #build(): Promise<void> {
    await sweepTemporaryHomes();
    const home = await makeTemporaryHome();
    this.#home = home;
    process.on('exit', this.#removeAtExit); // a crash, or somebody's process.exit: the last chance to leave nothing
    this.#goOn();

    this.#onStep('an exchange that makes its prices up');
    await this.#exchange.start();
    const off = configuredSources({}).map(({ provider }) => [provider.id, { enabled: false }]);
    const providers = { ...Object.fromEntries(off), [PROVIDER]: providerConfig(this.#exchange.url) };
    const config = { listen: { host: '127.0.0.1', port: 0 }, serverName: 'goldctl demo', rates: { providers } };
    await writePrivate(home.configFile, `${JSON.stringify(config, null, 2)}\n`);
    this.#goOn();

    this.#onStep('a daemon');
    const { status } = await startDaemon(home, { tether: true });
    this.#address = status.listening[0]!.address;
    this.#goOn();

    const owner = await Client.connect({ target: localTarget(home), home, resume: false });
    try {
      this.#onStep('a year of simulated history');
      await this.#bringHistory(owner);
      await this.#arrived(owner);
      this.#goOn();
      this.#onStep('two bots');
      // Over the control socket, the first account owns the room: the visitor may do everything.
      await owner.signUp({ name: VISITOR, password: secret() });
    } finally {
      await owner.close();
    }
    this.#goOn();
    const [an, binh] = [await this.#bring(AN), await this.#bring(BINH)];
    const numbers: number[] = [];
    for (const { who, text, topic, replyTo, after } of opening((...of) => this.#priceOf(...of), VISITOR)) {
      const bot = who === AN ? an : binh;
      const answered = replyTo === undefined ? {} : { replyTo: numbers[replyTo]! };
      const number = await bot.say({ kind: 'post', text, topic, ...answered });
      numbers.push(number);
      if (after) await bot.say({ ...after, number });
    }
    this.#goOn();
    for (const bot of this.#bots) bot.wake();
  }

  async #bringHistory(owner: Client): Promise<void> {
    const { batch } = await owner.call('rates.startImport', { file: 'a year of simulated history' });
    const series = grouped(this.#market.past);
    for (const [instrument, prices] of series) {
      for (let from = 0; from < prices.length; from += ROWS) {
        const rows = prices.slice(from, from + ROWS).map(({ at, buy, sell }): ImportRow => [at, buy, sell]);
        const { refused } = await owner.call('rates.import', {
          instrument,
          provider: PROVIDER,
          company: COMPANY,
          rows,
          batch,
          force: true, // a simulated year may end anywhere
        });
        const [first] = refused;
        if (first) throw new Failure('INTERNAL', `The demo's history of ${instrument} was refused: ${first.reason}.`);
      }
    }
  }

  /** The exchange's own prices come after those of the past. */
  async #arrived(owner: Client): Promise<void> {
    for (const end = Date.now() + ARRIVAL_MS; ; await sleep(POLL_MS)) {
      const { providers } = await owner.call('rates.providers', {});
      const found = providers.find(({ id }) => id === PROVIDER);
      if (found?.state === 'ok') return;
      if (Date.now() > end) {
        throw new Failure(
          'NOT_AVAILABLE',
          `The demo's exchange gave no prices: ${found?.lastError ?? 'it was not asked'}.`,
        );
      }
      this.#goOn();
    }
  }

  /** A bot comes as everybody does: over the network, with files of its own. */
  async #bring(who: Character): Promise<Bot> {
    const home = await openHome({ GOLDCTL_HOME: join(this.home.root, who.name) });
    const client = await Client.connect({ target: parseTarget(this.#address), home, client: 'goldctl demo bot' });
    const bot = new Bot(who, client, new Chance(this.#seed + this.#bots.length + 1));
    this.#bots.push(bot);
    await client.signUp({ name: who.name, password: secret() });
    await bot.start();
    return bot;
  }

  #priceOf(instrument: string, before = 0): number {
    const now = Date.now();
    const prices: readonly Price[] = before === 0 ? this.#market.pricesAt(now) : this.#market.past;
    return prices.findLast((price) => price.instrument === instrument && price.at <= now - before)!.sell;
  }

  #goOn(): void {
    if (this.#stopping) throw new Failure('CONNECTION_ENDED', 'The demo was ended.');
  }

  async #stop(): Promise<void> {
    await this.#building?.catch(() => {}); // it gives up at its next step, and tells who started it
    await Promise.all(this.#bots.map((bot) => bot.stop()));
    const home = this.#home;
    if (home) {
      try {
        await stopDaemon(home);
      } catch (thrown) {
        if (Failure.from(thrown).code !== 'NO_DAEMON') throw thrown;
      } finally {
        await this.#exchange.stop();
        await removeTemporaryHome(home);
        process.off('exit', this.#removeAtExit);
      }
    }
  }
}

function grouped(prices: readonly Price[]): Map<string, Price[]> {
  const groups = new Map<string, Price[]>();
  for (const price of prices) {
    const group = groups.get(price.instrument) ?? [];
    groups.set(price.instrument, group);
    group.push(price);
  }
  return groups;
}

/** A password that nobody has to know: sign-ins of the demo are by token. */
function secret(): string {
  return randomBytes(18).toString('base64url');
}
