import type { Client } from '../client/client.ts';
import { Link } from '../client/link.ts';
import type { Chance } from './chance.ts';
import { type Character, type Saying, Talk } from './talk.ts';

/** How often a bot looks up, and how much that varies. */
const BEAT_MS = 6000;
/** Whoever speaks to it does not wait that long. */
const ANSWER_MS = 1500;

/** A member of the room that is a program: it watches prices and posts like everybody, and writes now and then. */
export class Bot {
  readonly #link: Link;
  readonly #talk: Talk;
  readonly #chance: Chance;
  #timer: NodeJS.Timeout | undefined;

  /** @param client signed in as the character; the bot closes it in the end */
  constructor(who: Character, client: Client, chance: Chance) {
    this.#talk = new Talk(who, chance);
    this.#chance = chance;
    this.#link = new Link({
      target: client.target,
      home: client.home,
      connected: client,
      watch: { rates: true, forum: true },
    });
    this.#link.on('quote', ({ quote }) => this.#talk.sees(quote));
  }

  async start(): Promise<void> {
    await this.#link.start();
    for (const quote of (await this.#link.call('rates.list', {})).quotes) this.#talk.sees(quote);
  }

  /** From now on it speaks by itself, and answers. */
  wake(): void {
    this.#link.on('post', ({ post }) => {
      this.#talk.reads(post);
      if (this.#talk.isWaiting && this.#timer) this.#wait(ANSWER_MS);
    });
    this.#wait(BEAT_MS);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#link.stop();
  }

  /** @returns the number of the post */
  async say(saying: Saying): Promise<number> {
    if (saying.kind === 'edit') await this.#link.call('forum.edit', { number: saying.number, text: saying.text });
    else if (saying.kind === 'delete') await this.#link.call('forum.delete', { number: saying.number });
    else {
      const { text, topic, replyTo } = saying;
      return (await this.#link.post({ text, topic, ...(replyTo === undefined ? {} : { replyTo }) })).number;
    }
    return saying.number;
  }

  #wait(about: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#beat(), about * (0.5 + this.#chance.next()));
    this.#timer.unref();
  }

  async #beat(): Promise<void> {
    const saying = this.#talk.next();
    try {
      if (saying) {
        const number = await this.say(saying);
        if (saying.kind === 'post') this.#talk.posted(number, saying.text);
      }
    } catch {
      // The room is out of reach, or somebody with the right to do so took the post away: a bot has no say in that.
    }
    if (this.#timer) this.#wait(this.#talk.isWaiting ? ANSWER_MS : BEAT_MS);
  }
}
