import { Failure } from '../domain/failure.ts';
import type { Channel } from './channel.ts';
import type { Endpoint } from './endpoint.ts';
import type { Introduction } from './introduction.ts';
import type { Trust } from './trust.ts';

/** Channels that others began, at a time. */
const INCOMING = 64;
/** Of one member: he alone cannot use them all up. */
const INCOMING_EACH = 16;
/** A member whose key is refused is told of so seldom, whatever he tries. */
const NOTICE_MS = 60_000;
const NOTICES = 100;

export interface IntroductionsOptions {
  readonly trust: Trust;
  /** The endpoint of now: it changes with the daemon's address. */
  readonly endpoint: () => Endpoint;
  /** Asks the daemon for a way to a member. */
  readonly introduce: (member: string, key?: string) => Promise<Introduction>;
  readonly onNotice: (text: string) => void;
}

/** Channels to members whose keys are the ones known here; those that others begin are bounded. */
export class Introductions {
  readonly #options: IntroductionsOptions;
  readonly #incoming = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  #count = 0;

  constructor(options: IntroductionsOptions) {
    this.#options = options;
  }

  /**
   * A channel to a member: this side asks, and speaks first.
   * @param key undefined: whichever he is there with
   * @throws Failure NOT_FOUND when he is not there; NOT_AVAILABLE when no way leads to him, or none that takes files;
   * NOT_ALLOWED when his key is not the one known here; the signal's reason
   */
  async meet(member: string, key: string | undefined, signal: AbortSignal): Promise<Channel> {
    const introduction = await this.#options.introduce(member, key);
    signal.throwIfAborted();
    if (key !== undefined && introduction.key !== key) {
      throw new Failure('NOT_ALLOWED', `The daemon named another key of ${member} than the one asked for.`);
    }
    await this.check(introduction);
    return this.#options.endpoint().connect(introduction, signal);
  }

  /**
   * A channel that a member began, whose key is still to be checked: he is told when it is refused. `release` is to be
   * called when the channel is over.
   * @throws Failure TOO_MANY_REQUESTS; NOT_AVAILABLE when no way leads to him
   */
  async met(introduction: Introduction, signal: AbortSignal): Promise<{ channel: Channel; release: () => void }> {
    const { member } = introduction;
    const own = this.#incoming.get(member) ?? 0;
    if (this.#count >= INCOMING || own >= INCOMING_EACH) {
      throw new Failure('TOO_MANY_REQUESTS', 'Too many channels are open here already. Try again later.');
    }
    this.#count += 1;
    this.#incoming.set(member, own + 1);
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      this.#count -= 1;
      const left = this.#incoming.get(member)! - 1;
      if (left > 0) this.#incoming.set(member, left);
      else this.#incoming.delete(member);
    };
    try {
      return { channel: await this.#options.endpoint().connect(introduction, signal), release };
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  /** @throws Failure NOT_ALLOWED when the key of a member is not the one known here */
  async check({ member, key }: Pick<Introduction, 'member' | 'key'>): Promise<void> {
    try {
      await this.#options.trust.check(member, key);
    } catch (thrown) {
      const failure = Failure.from(thrown);
      if (failure.code === 'NOT_ALLOWED') this.#tellRefused(`${member} ${key}`, failure.message);
      throw failure;
    }
  }

  #tellRefused(who: string, text: string): void {
    const now = performance.now();
    const last = this.#refused.get(who);
    if (last !== undefined && now - last < NOTICE_MS) return;
    this.#refused.delete(who);
    this.#refused.set(who, now);
    if (this.#refused.size > NOTICES) this.#refused.delete(this.#refused.keys().next().value!);
    this.#options.onNotice(text);
  }
}
