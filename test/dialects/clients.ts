import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { DaemonFixture, type FixtureOptions } from '../daemon-fixture.ts';
import { OldClient } from './old-client.ts';

/** A daemon for legacy clients of these protocols, each on a free port. */
export async function startFor(
  dialects: readonly string[],
  { config = {}, ...options }: FixtureOptions = {},
): Promise<DaemonFixture> {
  const { limits = {}, ...others } = config as { limits?: object };
  return await DaemonFixture.start({
    ...options,
    config: {
      dialects: dialects.map((name) => `${name}:0`),
      ...others,
      limits: { signUpsPerHour: 1000, ...limits },
    },
  });
}

/** The address of a legacy protocol, `host:port`. */
export function placeOf({ daemon }: DaemonFixture, dialect: string): string {
  return daemon.status().listening.find(({ name }) => name === dialect)!.address;
}

/** An IPv4 address of this machine that is not loopback. */
export function ownAddress(): string | undefined {
  const addresses = Object.values(networkInterfaces()).flat();
  return addresses.find((each) => each?.family === 'IPv4' && !each.internal)?.address;
}

/** Creates accounts of these names with the password `secret`. */
export async function signUp(fixture: DaemonFixture, ...names: string[]): Promise<void> {
  const owner = await fixture.connect();
  await owner.call('account.import', { accounts: names.map((name) => ({ name, password: 'secret' })) });
}

export const SUFFIX = '\nEnter one of the following commands (MSG, DLT, EDT, RDM, ATU, OUT, UPD):';

/** A client of the legacy forum program. */
export class ForumClient {
  static async open(fixture: DaemonFixture, from?: string, place = placeOf(fixture, 'forum')): Promise<ForumClient> {
    const client = new ForumClient(await OldClient.open(place, 1024, from));
    expect(await client.wire.recv()).to.equal('Please enter your username:');
    return client;
  }

  /** Signed in; its UDP port is sent with the first command, as the client's two sends often arrive. */
  static async signedIn(
    fixture: DaemonFixture,
    name: string,
    port = 6666,
    from?: string,
    place?: string,
  ): Promise<ForumClient> {
    const client = await ForumClient.open(fixture, from, place);
    expect(await client.signIn(name)).to.equal(`Welcome ${name}!${SUFFIX}`);
    client.#port = String(port);
    return client;
  }

  readonly wire: OldClient;
  #port = '';

  private constructor(wire: OldClient) {
    this.wire = wire;
  }

  async signIn(name: string, password = 'secret'): Promise<string> {
    expect(await this.wire.ask(name)).to.equal('Please enter your password:');
    return await this.wire.ask(password);
  }

  async ask(command: string): Promise<string> {
    const port = this.#port;
    this.#port = '';
    return await this.wire.ask(port + command);
  }

  /** What the original does with the reply to a command. */
  async does(command: string): Promise<ForumAction> {
    return actionOf(await this.ask(command));
  }
}

/** The original prints `prompt` and reads the next command from its user; before that it may send a file by UDP. */
export type ForumAction =
  | { readonly does: 'exit'; readonly prints: string }
  | { readonly does: 'prompt'; readonly prompt: string }
  | {
      readonly does: 'send';
      readonly address: string;
      readonly port: number;
      readonly file: string;
      readonly prompt: string;
    };

/** The original checks the first byte of a reply. It fails on an empty reply, and on a transfer without a second line. */
export function actionOf(reply: string): ForumAction {
  if (reply === '') throw new Error('IndexError: the original looks at data[0] of an empty reply');
  if (/^[FS]/.test(reply)) return { does: 'exit', prints: reply };
  if (!reply.startsWith('T')) return { does: 'prompt', prompt: reply };
  const [first, second] = reply.trim().split('\n');
  const words = first!.split(/\s+/).slice(1);
  if (words.length !== 4) throw new Error(`ValueError: the original unpacks 4 words, not ${words.length}`);
  if (second === undefined) throw new Error('IndexError: the original prints the second line of a transfer');
  const [address, port, file, to] = words as [string, string, string, string];
  const prompt = `${file.split('_')[1]} has been sent to ${to}\n${second}`;
  return { does: 'send', address, port: Number(port), file, prompt };
}

/** A client of the legacy gold program: 64 bytes of header before every line, and one empty line first. */
export class GoldClient {
  static async open(fixture: DaemonFixture): Promise<GoldClient> {
    const client = new GoldClient(await OldClient.open(placeOf(fixture, 'gold'), 2048));
    client.send('');
    expect(await client.wire.recv()).to.equal(GOLD_GREETING);
    return client;
  }

  static async signedIn(fixture: DaemonFixture, name: string): Promise<GoldClient> {
    const client = await GoldClient.open(fixture);
    await client.ask('-signin');
    expect(await client.ask(`${name} secret`)).to.equal(`Log in successfully! WELCOME "${name}"\n${LOOK_UP}`);
    return client;
  }

  readonly wire: OldClient;

  private constructor(wire: OldClient) {
    this.wire = wire;
  }

  send(line: string): void {
    this.wire.send(framed(line));
  }

  async ask(line: string): Promise<string> {
    this.send(line);
    return await this.wire.recv();
  }
}

export function framed(line: string): Buffer {
  return Buffer.from(String(Buffer.byteLength(line)).padEnd(64) + line);
}

const BAR = '_'.repeat(23);

export const GOLD_GREETING = `${BAR}GOLD RATE IN VIETNAM${BAR}\nImportant key words:\n-quit: Exit program\n-signin: Sign in\n-signup: Sign up\n`;
export const LOOK_UP = `${BAR}LOOK UP${BAR}\nType date and type (separate with a space " ")\nFor example: "2021-12-27 SJC"`;

/** What the legacy market and sum clients can both read before they have sent a request. */
export function closing(reason: string): string {
  const text = JSON.stringify(reason);
  return `{"status":"OK","data":${text},"server_name":${text},"server_number":0,"sum":0}`;
}

/** What the original market client prints for a reply. It fails if the reply is not a JSON object with `data`. */
export function marketPrints(reply: string): string {
  const { data } = JSON.parse(reply) as { data?: unknown };
  if (data === undefined) throw new Error('KeyError: the original reads data');
  return typeof data === 'string' ? data : JSON.stringify(data);
}

/** What the original sum client logs for a reply. It fails without a name or number, and adds only numbers. */
export function sumLogs(reply: string, number: number): string {
  const { server_name: name, server_number: own } = JSON.parse(reply) as Record<string, unknown>;
  if (name === undefined) throw new Error('KeyError: the original reads server_name');
  if (typeof own !== 'number') throw new Error('TypeError: the original adds server_number');
  return `Server Name: ${name} | Client Number: ${number} | Server Number: ${own} | Sum: ${number + own}`;
}

/** A client of the legacy market program. */
export class MarketClient {
  static async open(fixture: DaemonFixture, place = placeOf(fixture, 'market')): Promise<MarketClient> {
    return new MarketClient(await OldClient.open(place, 1024));
  }

  readonly wire: OldClient;

  private constructor(wire: OldClient) {
    this.wire = wire;
  }

  async ask(data: unknown): Promise<string> {
    return await this.wire.ask(`{"status": "OK", "data": ${JSON.stringify(data)}}`);
  }
}
