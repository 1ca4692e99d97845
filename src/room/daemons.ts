import { randomBytes } from 'node:crypto';
import { FAILURES, Failure, type FailureCode, type FailureData } from '../domain/failure.ts';
import type { Instant } from '../domain/instant.ts';
import type { Bus } from '../engine/contract.ts';
import type { Log } from '../rates/log.ts';

/** What a daemon says of itself to the others that serve the same room. */
export interface DaemonInfo {
  /** Name and version. */
  readonly server: string;
  /** `host:port` where members reach it. */
  readonly address: string;
  readonly startedAt: Instant;
  readonly connections: number;
  /** Who is there by it. */
  readonly members: number;
  /** The journal's head as it has it. */
  readonly seq: number;
  /** How many messages about its members it has sent: whoever counts other ones has missed some. */
  readonly told: number;
}

/** Another daemon of the room. */
export interface Mate extends DaemonInfo {
  readonly id: string;
  /** When it was last heard, monotonic milliseconds. */
  readonly heard: number;
}

export interface Answers {
  /** What came back, by who sent it. */
  readonly answers: ReadonlyMap<string, unknown>;
  /** Who did not answer in time. */
  readonly silent: readonly Mate[];
}

type Message = { readonly from: string } & (
  | { readonly kind: 'alive'; readonly info: DaemonInfo }
  | { readonly kind: 'leaving' }
  | { readonly kind: 'ask'; readonly ask: number; readonly question: string; readonly params: unknown }
  | { readonly kind: 'answer'; readonly ask: number; readonly result?: unknown; readonly failure?: ToldFailure }
);

interface ToldFailure {
  readonly code: FailureCode;
  readonly message: string;
  readonly data: FailureData;
}

interface Asked {
  readonly to: string;
  readonly settle: (answer: Message & { kind: 'answer' }) => void;
}

export interface DaemonsSettings {
  readonly bus: Bus;
  readonly self: () => DaemonInfo;
  readonly log: Log;
  /** How often each says that it is alive. */
  readonly beatMs?: number;
  /** Silence after which one is gone, and those who were there by it. */
  readonly goneMs?: number;
}

const EVERYBODY = 'daemons';
const BEAT_MS = 500;
/** Ten beats. */
const GONE = 10;
/** After three beats that did not come, nobody waits for its answer any more. */
const SILENT = 3;
const ANSWER_MS = 1000;
/** Daemons of a room; more are not taken note of. */
const MOST = 64;
/** Questions of all kinds that wait for an answer. */
const MOST_ASKED = 10_000;

/**
 * The daemons that serve one room, as this one hears of them over the bus: each says at short intervals that it is
 * alive, and one that is silent for ten of them is gone. They ask one another what only one of them can do.
 */
export class Daemons {
  /** Made anew at each start: a daemon that comes back has none of the connections that it had. */
  readonly id = randomBytes(8).toString('hex');
  readonly #bus: Bus;
  readonly #self: () => DaemonInfo;
  readonly #log: Log;
  readonly #beatMs: number;
  readonly #goneMs: number;
  readonly #mates = new Map<string, Mate>();
  readonly #asked = new Map<number, Asked>();
  readonly #answers = new Map<string, (params: never, from: string) => unknown>();
  readonly #onHeard = new Set<(mate: Mate) => void>();
  readonly #onGone = new Set<(id: string) => void>();
  #asks = 0;
  #met = false;
  #greeting: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void)[] = [];

  constructor({ bus, self, log, beatMs = BEAT_MS, goneMs = GONE * beatMs }: DaemonsSettings) {
    this.#bus = bus;
    this.#self = self;
    this.#log = log;
    this.#beatMs = beatMs;
    this.#goneMs = goneMs;
  }

  start(): void {
    const listen = (message: unknown) => this.#hear(message);
    this.#unsubscribe = [this.#bus.subscribe(EVERYBODY, listen), this.#bus.subscribe(topicOf(this.id), listen)];
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), this.#beatMs).unref();
  }

  /** Says goodbye: the others need not wait to know. */
  stop(): void {
    if (this.#unsubscribe.length === 0) return;
    clearInterval(this.#timer);
    clearImmediate(this.#greeting);
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#bus.publish(EVERYBODY, { from: this.id, kind: 'leaving' } satisfies Message);
    for (const id of [...this.#mates.keys()]) this.#forget(id);
  }

  /** The others, by address. */
  get others(): readonly Mate[] {
    return [...this.#mates.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  /** What this one says of itself. */
  get self(): DaemonInfo {
    return this.#self();
  }

  /** Whether no other one is known. */
  get alone(): boolean {
    return this.#mates.size === 0;
  }

  /** Whether there were others since the start. */
  get metOthers(): boolean {
    return this.#met;
  }

  /** Whether it was heard within the last three beats. */
  isAwake({ heard }: Mate): boolean {
    return performance.now() - heard < SILENT * this.#beatMs;
  }

  /** Hears every sign of life of another one. */
  onHeard(listener: (mate: Mate) => void): void {
    this.#onHeard.add(listener);
  }

  /** Hears who is gone, by its own word or by its silence. */
  onGone(listener: (id: string) => void): void {
    this.#onGone.add(listener);
  }

  /** How a question of others is answered. What it throws is thrown where it was asked. */
  answer<P>(question: string, answer: (params: P, from: string) => unknown): void {
    this.#answers.set(question, answer);
  }

  /** @throws Failure what it answers with; NOT_AVAILABLE when it is gone or does not answer */
  ask(id: string, question: string, params: unknown, timeoutMs = ANSWER_MS): Promise<unknown> {
    const mate = this.#mates.get(id);
    if (!mate || this.#asked.size >= MOST_ASKED) return Promise.reject(noAnswer(mate));
    const ask = ++this.#asks;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#asked.delete(ask);
        reject(noAnswer(mate));
      }, timeoutMs);
      const settle = ({ result, failure }: Message & { kind: 'answer' }) => {
        this.#asked.delete(ask);
        clearTimeout(timer);
        if (failure) reject(toFailure(failure));
        else resolve(result);
      };
      this.#asked.set(ask, { to: id, settle });
      this.#bus.publish(topicOf(id), { from: this.id, kind: 'ask', ask, question, params } satisfies Message);
    });
  }

  /** Asks all of them at once. Never rejects: who fails counts as silent. */
  async askAll(question: string, params: unknown, to: readonly Mate[] = this.others): Promise<Answers> {
    const answers = new Map<string, unknown>();
    const silent: Mate[] = [];
    await Promise.all(
      to.map(async (mate) => {
        try {
          answers.set(mate.id, await this.ask(mate.id, question, params));
        } catch (thrown) {
          const { code, message } = Failure.from(thrown);
          this.#log.warn({ event: 'daemons', daemon: mate.address, question, reason: code }, message);
          silent.push(mate);
        }
      }),
    );
    return { answers, silent };
  }

  #beat(): void {
    this.#bus.publish(EVERYBODY, { from: this.id, kind: 'alive', info: this.#self() } satisfies Message);
    const now = performance.now();
    for (const { id, address, heard } of [...this.#mates.values()]) {
      if (now - heard < this.#goneMs) continue;
      this.#log.warn({ event: 'daemons', daemon: address }, 'a daemon of the room is silent: it counts as gone');
      this.#forget(id);
    }
  }

  #hear(told: unknown): void {
    const message = told as Message;
    if (typeof message?.from !== 'string' || message.from === this.id) return;
    switch (message.kind) {
      case 'alive':
        this.#heard(message.from, message.info);
        break;
      case 'leaving':
        this.#forget(message.from);
        break;
      case 'ask':
        void this.#reply(message);
        break;
      case 'answer': {
        const asked = this.#asked.get(message.ask);
        if (asked?.to === message.from) asked.settle(message);
      }
    }
  }

  #heard(id: string, info: DaemonInfo): void {
    const isNew = !this.#mates.has(id);
    if (isNew) {
      if (this.#mates.size >= MOST) return;
      this.#met = true;
      this.#log.info({ event: 'daemons', daemon: info.address }, 'another daemon serves this room');
      // It may have just come, and know nobody yet.
      this.#greeting ??= setImmediate(() => {
        this.#greeting = undefined;
        this.#beat();
      });
    }
    const mate: Mate = { ...info, id, heard: performance.now() };
    this.#mates.set(id, mate);
    for (const listener of this.#onHeard) listener(mate);
  }

  #forget(id: string): void {
    const mate = this.#mates.get(id);
    if (!this.#mates.delete(id)) return;
    const failure: ToldFailure = { code: 'NOT_AVAILABLE', message: noAnswer(mate).message, data: {} };
    for (const [ask, { to, settle }] of [...this.#asked]) {
      if (to === id) settle({ from: id, kind: 'answer', ask, failure });
    }
    for (const listener of this.#onGone) listener(id);
  }

  async #reply({ from, ask, question, params }: Message & { kind: 'ask' }): Promise<void> {
    const answered = { from: this.id, kind: 'answer', ask } as const;
    let answer: Message;
    try {
      const reply = this.#answers.get(question);
      if (!reply) throw new Failure('NOT_AVAILABLE', `The daemon at ${this.#self().address} is of another version.`);
      answer = { ...answered, result: await reply(params as never, from) };
    } catch (thrown) {
      const { code, message, data, cause } = Failure.from(thrown);
      if (code === 'INTERNAL') this.#log.error({ event: 'daemons', question, err: cause }, 'a question failed');
      answer = { ...answered, failure: { code, message, data } };
    }
    this.#bus.publish(topicOf(from), answer);
  }
}

function topicOf(id: string): string {
  return `daemon.${id}`;
}

function noAnswer(mate: Mate | undefined): Failure {
  const which = mate ? `The daemon at ${mate.address}` : 'The daemon that was asked';
  return new Failure('NOT_AVAILABLE', `${which} does not answer. Try again in a moment.`);
}

function toFailure({ code, message, data }: ToldFailure): Failure {
  return new Failure(Object.hasOwn(FAILURES, code) ? code : 'INTERNAL', message, { data });
}
