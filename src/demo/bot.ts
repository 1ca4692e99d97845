import type { Client } from '../client/client.ts';
import { ReconnectingClient } from '../client/reconnecting-client.ts';
import { defined } from '../domain/defined.ts';
import { type BotMessage, type BotPersona, BotScript } from './bot-script.ts';
import type { SeededRandom } from './seeded-random.ts';

/** Average time between two remarks of a bot. */
const REMARK_INTERVAL_MS = 6000;
/** Average delay of an answer. */
const ANSWER_DELAY_MS = 1500;

/** A simulated member: it watches prices and posts, and writes occasionally. */
export class Bot {
  readonly #client: ReconnectingClient;
  readonly #script: BotScript;
  readonly #random: SeededRandom;
  #timer: NodeJS.Timeout | undefined;

  /** @param client signed in as the persona; the bot closes it */
  constructor(persona: BotPersona, client: Client, random: SeededRandom) {
    this.#script = new BotScript(persona, random);
    this.#random = random;
    this.#client = new ReconnectingClient({
      target: client.target,
      home: client.home,
      initialClient: client,
      subscription: { rates: true, forum: true },
    });
    this.#client.on('quote', ({ quote }) => this.#script.onQuote(quote));
  }

  async start(): Promise<void> {
    await this.#client.start();
    for (const quote of (await this.#client.call('rates.list', {})).quotes) this.#script.onQuote(quote);
  }

  /** Starts to post remarks and answers. */
  startTalking(): void {
    this.#client.on('post', ({ post }) => {
      this.#script.onPost(post);
      if (this.#script.hasPendingAnswer && this.#timer) this.#scheduleNext(ANSWER_DELAY_MS);
    });
    this.#scheduleNext(REMARK_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#client.stop();
  }

  /** @returns the number of the post */
  async publish(message: BotMessage): Promise<number> {
    if (message.kind === 'edit') await this.#client.call('forum.edit', { number: message.number, text: message.text });
    else if (message.kind === 'delete') await this.#client.call('forum.delete', { number: message.number });
    else {
      const { text, topic, replyTo } = message;
      return (await this.#client.post({ text, topic, ...defined({ replyTo }) })).number;
    }
    return message.number;
  }

  #scheduleNext(averageMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#speak(), averageMs * (0.5 + this.#random.next()));
    this.#timer.unref();
  }

  async #speak(): Promise<void> {
    const message = this.#script.nextMessage();
    try {
      if (message) {
        const number = await this.publish(message);
        if (message.kind === 'post') this.#script.onPosted(number, message.text);
      }
    } catch {
      // The daemon is unreachable, or a moderator removed the post: neither matters to a bot.
    }
    if (this.#timer) this.#scheduleNext(this.#script.hasPendingAnswer ? ANSWER_DELAY_MS : REMARK_INTERVAL_MS);
  }
}
