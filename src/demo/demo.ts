import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../client/client.ts';
import { localTarget, parseTarget } from '../client/target.ts';
import { configureProviders } from '../daemon/configure-providers.ts';
import { spawnDaemon, stopDaemon } from '../daemon/lifecycle.ts';
import { AppError } from '../domain/app-error.ts';
import { type HomeDirectory, resolveHome } from '../home-directory.ts';
import { writePrivateFileAtomic } from '../private-file.ts';
import type { QuoteImportRow } from '../protocol/rates.ts';
import { Bot } from './bot.ts';
import { AN_PERSONA, BINH_PERSONA, type BotPersona, openingMessages } from './bot-script.ts';
import { FakeExchangeServer } from './fake-exchange-server.ts';
import { PriceSimulator, type SimulatedPrice } from './price-simulator.ts';
import { SeededRandom } from './seeded-random.ts';
import { SIMULATED_COMPANY, SIMULATED_PROVIDER_ID, simulatedProviderConfig } from './simulated-provider.ts';
import {
  makeTemporaryHome,
  removeTemporaryHome,
  removeTemporaryHomeNow,
  sweepTemporaryHomes,
} from './temporary-home.ts';

/** The account that the visitor is signed in as. */
export const DEMO_USER = 'you';
/** Keeps a call below the line limit of 64 KiB. */
const ROWS_PER_CALL = 1000;
const FIRST_PRICES_TIMEOUT_MS = 15_000;
const POLL_MS = 25;

export interface DemoSettings {
  /** The same seed gives the same prices. */
  readonly seed: number;
  /** Called with a short description of each step. */
  readonly onStep?: (step: string) => void;
}

/**
 * A temporary sandbox: its own home in the temporary folder, a daemon that ends with this process, one simulated provider,
 * a year of history, two bots, and the visitor signed in. Everything is removed at the end.
 */
export class Demo {
  readonly #seed: number;
  readonly #onStep: (step: string) => void;
  readonly #simulator: PriceSimulator;
  readonly #exchange: FakeExchangeServer;
  readonly #bots: Bot[] = [];
  #home: HomeDirectory | undefined;
  #address = '';
  #startup: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  readonly #removeAtExit = () => {
    if (this.#home) removeTemporaryHomeNow(this.#home);
  };

  constructor({ seed, onStep = () => {} }: DemoSettings) {
    this.#seed = seed;
    this.#onStep = onStep;
    this.#simulator = new PriceSimulator(seed, Date.now());
    this.#exchange = new FakeExchangeServer(this.#simulator, () => Date.now());
  }

  /** The home with the visitor's credentials. */
  get home(): HomeDirectory {
    return this.#home!; // set by start()
  }

  /** The daemon's address, `127.0.0.1:…`. */
  get address(): string {
    return this.#address;
  }

  /**
   * Resolves when everything is set up.
   * @throws AppError why it failed, or CONNECTION_ENDED if it was stopped; everything is removed then
   */
  async start(): Promise<void> {
    this.#startup = this.#build();
    try {
      await this.#startup;
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
  }

  /** Stops bots and daemon and removes the home. May be called at any time and repeatedly. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #build(): Promise<void> {
    await sweepTemporaryHomes();
    const home = await makeTemporaryHome();
    this.#home = home;
    process.on('exit', this.#removeAtExit); // also clean up after a crash or process.exit
    this.#assertRunning();

    this.#onStep('a simulated exchange');
    await this.#exchange.start();
    const off = configureProviders({}).map(({ provider }) => [provider.id, { enabled: false }]);
    const providers = {
      ...Object.fromEntries(off),
      [SIMULATED_PROVIDER_ID]: simulatedProviderConfig(this.#exchange.url),
    };
    const config = { listen: { host: '127.0.0.1', port: 0 }, serverName: 'goldctl demo', rates: { providers } };
    await writePrivateFileAtomic(home.configFile, `${JSON.stringify(config, null, 2)}\n`);
    this.#assertRunning();

    this.#onStep('a daemon');
    const { status } = await spawnDaemon(home, { tether: true });
    this.#address = status.listening[0]!.address;
    this.#assertRunning();

    const owner = await Client.connect({ target: localTarget(home), home, resume: false });
    try {
      this.#onStep('a year of simulated history');
      await this.#importHistory(owner);
      await this.#waitForPrices(owner);
      this.#assertRunning();
      this.#onStep('two bots');
      // The first account that signs up over the control socket becomes the owner, so the visitor may do everything.
      await owner.signUp({ name: DEMO_USER, password: randomPassword() });
    } finally {
      await owner.close();
    }
    this.#assertRunning();
    const [an, binh] = [await this.#addBot(AN_PERSONA), await this.#addBot(BINH_PERSONA)];
    const numbers: number[] = [];
    for (const { persona, text, topic, replyTo, followUp } of openingMessages(
      (...of) => this.#priceOf(...of),
      DEMO_USER,
    )) {
      const bot = persona === AN_PERSONA ? an : binh;
      const answered = replyTo === undefined ? {} : { replyTo: numbers[replyTo]! };
      const number = await bot.publish({ kind: 'post', text, topic, ...answered });
      numbers.push(number);
      if (followUp) await bot.publish({ ...followUp, number });
    }
    this.#assertRunning();
    for (const bot of this.#bots) bot.startTalking();
  }

  async #importHistory(owner: Client): Promise<void> {
    const { batch } = await owner.call('rates.startImport', { file: 'a year of simulated history' });
    const series = groupByInstrument(this.#simulator.history);
    for (const [instrument, prices] of series) {
      for (let from = 0; from < prices.length; from += ROWS_PER_CALL) {
        const rows = prices
          .slice(from, from + ROWS_PER_CALL)
          .map(({ at, buy, sell }): QuoteImportRow => [at, buy, sell]);
        const { refused } = await owner.call('rates.import', {
          instrument,
          provider: SIMULATED_PROVIDER_ID,
          company: SIMULATED_COMPANY,
          rows,
          batch,
          force: true, // simulated prices may look implausible
        });
        const [first] = refused;
        if (first) throw new AppError('INTERNAL', `The demo's history of ${instrument} was rejected: ${first.reason}.`);
      }
    }
  }

  /** Waits for the first live prices of the simulated exchange. */
  async #waitForPrices(owner: Client): Promise<void> {
    for (const end = Date.now() + FIRST_PRICES_TIMEOUT_MS; ; await sleep(POLL_MS)) {
      const { providers } = await owner.call('rates.providers', {});
      const found = providers.find(({ id }) => id === SIMULATED_PROVIDER_ID);
      if (found?.state === 'ok') return;
      if (Date.now() > end) {
        throw new AppError(
          'NOT_AVAILABLE',
          `The demo's exchange returned no prices: ${found?.lastError ?? 'it was not polled'}.`,
        );
      }
      this.#assertRunning();
    }
  }

  /** A bot connects like a member: over the network, with its own home. */
  async #addBot(persona: BotPersona): Promise<Bot> {
    const home = await resolveHome({ GOLDCTL_HOME: join(this.home.root, persona.name) });
    const client = await Client.connect({ target: parseTarget(this.#address), home, client: 'goldctl demo bot' });
    const bot = new Bot(persona, client, new SeededRandom(this.#seed + this.#bots.length + 1));
    this.#bots.push(bot);
    await client.signUp({ name: persona.name, password: randomPassword() });
    await bot.start();
    return bot;
  }

  #priceOf(instrument: string, before = 0): number {
    const now = Date.now();
    const prices: readonly SimulatedPrice[] = before === 0 ? this.#simulator.pricesAt(now) : this.#simulator.history;
    return prices.findLast((price) => price.instrument === instrument && price.at <= now - before)!.sell;
  }

  #assertRunning(): void {
    if (this.#stopping) throw new AppError('CONNECTION_ENDED', 'The demo was stopped.');
  }

  async #stop(): Promise<void> {
    await this.#startup?.catch(() => {}); // it fails at its next step; start() reports that
    await Promise.all(this.#bots.map((bot) => bot.stop()));
    const home = this.#home;
    if (home) {
      try {
        await stopDaemon(home);
      } catch (thrown) {
        if (AppError.from(thrown).code !== 'NO_DAEMON') throw thrown;
      } finally {
        await this.#exchange.stop();
        await removeTemporaryHome(home);
        process.off('exit', this.#removeAtExit);
      }
    }
  }
}

function groupByInstrument(prices: readonly SimulatedPrice[]): Map<string, SimulatedPrice[]> {
  const groups = new Map<string, SimulatedPrice[]>();
  for (const price of prices) {
    const group = groups.get(price.instrument) ?? [];
    groups.set(price.instrument, group);
    group.push(price);
  }
  return groups;
}

/** Nobody needs to know it: the demo signs in by token. */
function randomPassword(): string {
  return randomBytes(18).toString('base64url');
}
