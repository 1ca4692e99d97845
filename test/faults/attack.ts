import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Wire } from '../server/wire.ts';

/** The attacked daemon. */
export interface Target {
  /** `host:port`, clear text unless the fault has its own IPv6 network. */
  readonly address: string;
  /** GOLDCTL_HOME of the daemon, which also contains files of the attack. */
  readonly home: string;
}

/** Counters of an attack, by printed name. */
export interface Tally {
  /** The attack counts as executed only if this is not empty. */
  readonly done: Record<string, number>;
  /** Each of these must stay 0. */
  readonly breaches: Record<string, number>;
}

/** Starts the attack, which runs until its process is killed. */
export type Attack = (target: Target, tally: Tally) => Promise<void>;

export const PASSWORD = 'correct horse';

export function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

/** Resolves when it is connected or closed. */
export function open(to: string, from: string): Promise<Socket> {
  const at = to.lastIndexOf(':');
  return new Promise((resolve) => {
    const socket = connect({
      host: to.slice(0, at).replace(/^\[|\]$/g, ''),
      port: Number(to.slice(at + 1)),
      localAddress: from,
    });
    socket.on('error', () => {}).once('connect', () => resolve(socket));
    socket.once('close', () => resolve(socket));
  });
}

export const closed = (socket: Socket) =>
  new Promise<void>((resolve) => (socket.destroyed ? resolve() : socket.once('close', () => resolve())));

/** Runs a task many times concurrently, each repeatedly. Errors are refusals of the daemon: the task is retried. */
export function onEach(times: number, act: (i: number) => Promise<void>, pauseMs = 5): void {
  for (let i = 0; i < times; i++) {
    void (async () => {
      for (;;) {
        await act(i).catch(() => {});
        await sleep(pauseMs);
      }
    })();
  }
}

/** A connection from an address, after hello. */
export async function greeted(to: string, from: string): Promise<Wire> {
  const wire = await Wire.over(await open(to, from));
  await wire.result('hello', { protocol: 1, client: 'stranger' });
  return wire;
}

/** The token of a new account. */
export async function newAccount(to: string, from: string, name: string): Promise<string> {
  const wire = await greeted(to, from);
  const { token } = await wire.result('account.signUp', { name, password: PASSWORD });
  wire.close();
  return token as string;
}

/** The token of an existing account. */
export async function signIn(to: string, from: string, name: string): Promise<string> {
  const wire = await greeted(to, from);
  const { token } = await wire.result('account.signIn', { name, password: PASSWORD });
  wire.close();
  return token as string;
}

/** A connection that is signed in to an account. */
export async function resumed(to: string, from: string, token: string): Promise<Wire> {
  const wire = await greeted(to, from);
  await wire.result('account.resume', { token });
  return wire;
}

/** Sends one call after another while the connection is open. */
export async function callOn(wire: Wire, call: () => Promise<void>): Promise<void> {
  while (!wire.closed) {
    await call();
    wire.lines.length = 0;
  }
}
