import type { Market } from '../domain/instrument.ts';
import { formatPercent, formatPrice } from '../domain/number-format.ts';
import { DAY_MS } from '../domain/time.ts';
import type { EventParams } from '../protocol/events.ts';
import type { SeededRandom } from './seeded-random.ts';

type Quote = EventParams<'quote'>['quote'];
type Post = EventParams<'post'>['post'];

export type BotMessage =
  | { readonly kind: 'post'; readonly text: string; readonly topic: string; readonly replyTo?: number }
  | { readonly kind: 'edit'; readonly number: number; readonly text: string }
  | { readonly kind: 'delete'; readonly number: number };

export interface BotPersona {
  readonly name: string;
  /** The other bot. */
  readonly friend: string;
  readonly topic: string;
  /** Instruments that it watches, favorites first. */
  readonly instruments: readonly string[];
  /** Remarks on a rise or a fall: `%s` is the instrument and its price, `%m` the change. */
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly quiet: readonly string[];
  /** Answers to its friend. */
  readonly answers: readonly string[];
}

export const AN_PERSONA: BotPersona = {
  name: 'bot-an',
  friend: 'bot-binh',
  topic: 'gold',
  instruments: ['SJC', 'XAU', 'SJC-RING', 'DOJI', 'USD'],
  up: [
    '%s, %m since I last looked',
    '%s: lên rồi, %m',
    'Somebody is buying: %s (%m)',
    '@bot-binh look, %s. %m in a moment',
  ],
  down: ['%s, %m', '%s: xuống một chút, %m', 'Cheaper by the minute: %s (%m)', '@bot-binh %s, %m. Are coins down too?'],
  quiet: ['Quiet. %s, and nobody moves', '%s. Vàng đứng giá', 'Still %s. Tea?'],
  answers: [
    'Gold does not sleep, it naps',
    'Noted. My rings are doing better',
    'Ừ, tôi cũng thấy vậy',
    'Wait for noon',
  ],
};

export const BINH_PERSONA: BotPersona = {
  name: 'bot-binh',
  friend: 'bot-an',
  topic: 'crypto',
  instruments: ['BTC', 'ETH', 'SOL', 'DOGE', 'BNB'],
  up: ['%s (%m). To the moon, or at least upstairs', '%s: tăng %m', '%m: %s', '@bot-an %s, %m! And gold?'],
  down: ['%s (%m). I have seen worse', '%s: giảm, %m', '%m: %s. Patience', '@bot-an %s, %m. Gold looks wise today'],
  quiet: ['%s. Nothing happens', 'Sideways: %s', '%s, as before. I could write a poem'],
  answers: ['Ha, say that to my coins', 'True. For now', 'Đồng ý', 'We shall see tonight'],
};

/** Relative price changes that are worth a remark. */
const NEWS_THRESHOLDS: Readonly<Record<Market, number>> = { gold: 0.0005, silver: 0.001, crypto: 0.001, fx: 0.0005 };
/** More are dropped, so that a bot that gets many questions does not answer for an hour. */
const MAX_PENDING_ANSWERS = 3;
/** Every n-th remark is edited or deleted. */
const REMARKS_PER_SLIP = 9;

/** Decides what a bot says, without network or clock: it receives events, and is polled for the next message. */
export class BotScript {
  readonly #persona: BotPersona;
  readonly #random: SeededRandom;
  readonly #quotes = new Map<string, Quote>();
  /** The last mentioned price by instrument. */
  readonly #mentionedPrices = new Map<string, number>();
  readonly #pendingAnswers: BotMessage[] = [];
  #remarks = 0;

  constructor(persona: BotPersona, random: SeededRandom) {
    this.#persona = persona;
    this.#random = random;
  }

  onQuote(quote: Quote): void {
    this.#quotes.set(quote.instrument, quote);
    if (!this.#mentionedPrices.has(quote.instrument)) this.#mentionedPrices.set(quote.instrument, priceOf(quote));
  }

  /** Bots answer each other only if mentioned; otherwise they would never stop. */
  onPost({ number, member, text, topic, mentions, editedAt }: Post): void {
    const { name, friend, answers } = this.#persona;
    if (text === null || editedAt !== null || member === name) return;
    const named = mentions.includes(name);
    if (member === friend) {
      if (named) this.#queueAnswer({ kind: 'post', text: this.#random.pick(answers), topic, replyTo: number });
      return;
    }
    if (!named && !(mentions.length === 0 && this.#isOwnTopic(topic))) return;
    const asked = this.#findQuote(text);
    const answer = asked
      ? `@${member} ${quoteText(asked)}. SIMULATED, like everything here`
      : `@${member} I am a demo bot. Name an instrument such as ${this.#persona.instruments[0]}, and I will tell you its price`;
    this.#queueAnswer({ kind: 'post', text: answer, topic, replyTo: number });
  }

  get hasPendingAnswer(): boolean {
    return this.#pendingAnswers.length > 0;
  }

  /** The next answer or remark, if any. */
  nextMessage(): BotMessage | undefined {
    return this.#pendingAnswers.shift() ?? this.#remark();
  }

  /** Called after each post; some are edited or deleted later. */
  onPosted(number: number, text: string): void {
    this.#remarks++;
    if (this.#remarks % (2 * REMARKS_PER_SLIP) === 0) this.#queueAnswer({ kind: 'delete', number });
    else if (this.#remarks % REMARKS_PER_SLIP === 0)
      this.#queueAnswer({ kind: 'edit', number, text: `${text} (SIMULATED, of course)` });
  }

  #queueAnswer(message: BotMessage): void {
    if (this.#pendingAnswers.length < MAX_PENDING_ANSWERS) this.#pendingAnswers.push(message);
  }

  #remark(): BotMessage | undefined {
    const { instruments, topic, up, down, quiet } = this.#persona;
    const moves = instruments.flatMap((instrument) => {
      const quote = this.#quotes.get(instrument);
      const mentioned = this.#mentionedPrices.get(instrument);
      if (!quote || mentioned === undefined) return [];
      return [{ quote, mentioned, move: (priceOf(quote) - mentioned) / mentioned }];
    });
    const news = moves.filter(({ quote, move }) => Math.abs(move) >= NEWS_THRESHOLDS[quote.market]);
    const chosen = news.length > 0 ? this.#random.pick(news) : moves[0];
    if (!chosen || (news.length === 0 && this.#random.next() < 0.8)) return undefined;
    const { quote, mentioned, move } = chosen;
    this.#mentionedPrices.set(quote.instrument, priceOf(quote));
    const pattern = this.#random.pick(news.length === 0 ? quiet : move > 0 ? up : down);
    const text = pattern
      .replace('%s', () => quoteText(quote))
      .replace('%m', () => formatPercent(mentioned, priceOf(quote)));
    return { kind: 'post', text, topic };
  }

  /** Its own topic; An also answers in the lobby. */
  #isOwnTopic(topic: string): boolean {
    return topic === this.#persona.topic || (this.#persona === AN_PERSONA && topic !== BINH_PERSONA.topic);
  }

  #findQuote(text: string): Quote | undefined {
    for (const word of text.toUpperCase().match(/[A-Z0-9-]+/g) ?? []) {
      const quote = this.#quotes.get(word);
      if (quote) return quote;
    }
    return undefined;
  }
}

/** A message of the conversation that the visitor finds. */
export type OpeningMessage = {
  readonly persona: BotPersona;
  readonly text: string;
  readonly topic: string;
  /** Index of the message that it answers. */
  readonly replyTo?: number;
  /** An edit or deletion after posting. */
  readonly followUp?: { readonly kind: 'edit'; readonly text: string } | { readonly kind: 'delete' };
};

/** @param price the current price of an instrument, or the one `msAgo` */
export function openingMessages(price: (id: string, msAgo?: number) => number, visitor: string): OpeningMessage[] {
  const million = (value: number) => `${(value / 1e6).toFixed(2)} million`;
  const [sjc, ring, xau, usd, btc] = [price('SJC'), price('SJC-RING'), price('XAU'), price('USD'), price('BTC')];
  const world = ((xau * usd) / 31.1034768) * 37.5;
  const since = (instrument: string, days: number) =>
    formatPercent(price(instrument, days * DAY_MS), price(instrument));
  const eth = formatPrice(price('ETH'), 'USD');
  return [
    {
      persona: AN_PERSONA,
      topic: 'lobby',
      text: 'Chào cả nhà! Every price here is SIMULATED: random walks, no market',
    },
    { persona: BINH_PERSONA, topic: 'lobby', text: 'So nobody gets rich today. Morning!', replyTo: 0 },
    { persona: AN_PERSONA, topic: 'gold', text: `SJC ${million(sjc)} a tael, ${since('SJC', 1)} in a day` },
    { persona: BINH_PERSONA, topic: 'crypto', text: `BTC ${formatPrice(btc, 'USD')}, ${since('BTC', 30)} in a month` },
    { persona: BINH_PERSONA, topic: 'gold', text: '@bot-an and the world price?', replyTo: 2 },
    {
      persona: AN_PERSONA,
      topic: 'gold',
      text: `XAU ${formatPrice(xau, 'USD')} is ${million(world)} a tael: the gap is ${million(sjc - world)}`,
      replyTo: 4,
    },
    {
      persona: BINH_PERSONA,
      topic: 'crypto',
      text: `ETH ${eth.slice(0, -1)}`,
      followUp: { kind: 'edit', text: `ETH ${eth}, I had lost a digit` },
    },
    { persona: BINH_PERSONA, topic: 'crypto', text: 'DOGE will pay my rent', followUp: { kind: 'delete' } },
    { persona: AN_PERSONA, topic: 'gold', text: `Nhẫn SJC ${million(ring)}, một tuần ${since('SJC-RING', 7)}` },
    {
      persona: AN_PERSONA,
      topic: 'lobby',
      text: `@${visitor} welcome! Write MSG xin chào, or ask me: MSG @bot-an SJC?`,
    },
  ];
}

function quoteText(quote: Quote): string {
  return `${quote.instrument} ${formatPrice(priceOf(quote), quote.currency)}`;
}

function priceOf({ sell, buy }: Quote): number {
  return (sell ?? buy) as number;
}
