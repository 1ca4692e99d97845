import { formatPercent, formatPrice } from '../domain/figures.ts';
import type { Market } from '../domain/instrument.ts';
import type { EventParams } from '../protocol/events.ts';
import type { Chance } from './chance.ts';

type Quote = EventParams<'quote'>['quote'];
type Post = EventParams<'post'>['post'];

export type Saying =
  | { readonly kind: 'post'; readonly text: string; readonly topic: string; readonly replyTo?: number }
  | { readonly kind: 'edit'; readonly number: number; readonly text: string }
  | { readonly kind: 'delete'; readonly number: number };

export interface Character {
  readonly name: string;
  /** The other bot. */
  readonly friend: string;
  readonly topic: string;
  /** What it looks at, dearest first. */
  readonly instruments: readonly string[];
  /** What it says of a rise and of a fall: `%s` is the instrument and its price, `%m` the move. */
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly quiet: readonly string[];
  /** What it answers to its friend. */
  readonly answers: readonly string[];
}

export const AN: Character = {
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

export const BINH: Character = {
  name: 'bot-binh',
  friend: 'bot-an',
  topic: 'crypto',
  instruments: ['BTC', 'ETH', 'SOL', 'DOGE', 'BNB'],
  up: ['%s (%m). To the moon, or at least upstairs', '%s: tăng %m', '%m: %s', '@bot-an %s, %m! And gold?'],
  down: ['%s (%m). I have seen worse', '%s: giảm, %m', '%m: %s. Patience', '@bot-an %s, %m. Gold looks wise today'],
  quiet: ['%s. Nothing happens', 'Sideways: %s', '%s, as before. I could write a poem'],
  answers: ['Ha, say that to my coins', 'True. For now', 'Đồng ý', 'We shall see tonight'],
};

/** A move that is worth a word, as a part of the price. */
const NEWS: Readonly<Record<Market, number>> = { gold: 0.0005, silver: 0.001, crypto: 0.001, fx: 0.0005 };
/** So many answers wait at most: a bot that is spoken to a lot does not talk for an hour. */
const WAITING = 3;
const DAY = 86_400_000;
/** Remarks between two slips: one in so many is mended or taken back. */
const SLIP = 9;

/**
 * What a bot says, decided without a network or a clock: it is told what it sees, and asked now and then whether it has
 * something to say.
 */
export class Talk {
  readonly #who: Character;
  readonly #chance: Chance;
  readonly #quotes = new Map<string, Quote>();
  /** Prices that it spoke of. */
  readonly #told = new Map<string, number>();
  readonly #waiting: Saying[] = [];
  #remarks = 0;

  constructor(who: Character, chance: Chance) {
    this.#who = who;
    this.#chance = chance;
  }

  sees(quote: Quote): void {
    this.#quotes.set(quote.instrument, quote);
    if (!this.#told.has(quote.instrument)) this.#told.set(quote.instrument, priceOf(quote));
  }

  /** A post of somebody. Bots answer people, and one another only where they are named: else they never stopped. */
  reads({ number, member, text, topic, mentions, editedAt }: Post): void {
    const { name, friend, answers } = this.#who;
    if (text === null || editedAt !== null || member === name) return;
    const named = mentions.includes(name);
    if (member === friend) {
      if (named) this.#answer({ kind: 'post', text: this.#chance.pick(answers), topic, replyTo: number });
      return;
    }
    if (!named && !(mentions.length === 0 && this.#isMine(topic))) return;
    const asked = this.#quoteIn(text);
    const answer = asked
      ? `@${member} ${said(asked)}. SIMULATED, like everything here`
      : `@${member} I am a bot of the demo. Name an instrument, as ${this.#who.instruments[0]}, and I tell you its price`;
    this.#answer({ kind: 'post', text: answer, topic, replyTo: number });
  }

  /** Somebody is owed an answer. */
  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** What it has to say by now, if anything. */
  next(): Saying | undefined {
    return this.#waiting.shift() ?? this.#remark();
  }

  /** It has posted: now and then it finds a mistake in it. */
  posted(number: number, text: string): void {
    this.#remarks++;
    if (this.#remarks % (2 * SLIP) === 0) this.#answer({ kind: 'delete', number });
    else if (this.#remarks % SLIP === 0) this.#answer({ kind: 'edit', number, text: `${text} (SIMULATED, of course)` });
  }

  #answer(saying: Saying): void {
    if (this.#waiting.length < WAITING) this.#waiting.push(saying);
  }

  #remark(): Saying | undefined {
    const { instruments, topic, up, down, quiet } = this.#who;
    const moves = instruments.flatMap((instrument) => {
      const quote = this.#quotes.get(instrument);
      const told = this.#told.get(instrument);
      if (!quote || told === undefined) return [];
      return [{ quote, told, move: (priceOf(quote) - told) / told }];
    });
    const news = moves.filter(({ quote, move }) => Math.abs(move) >= NEWS[quote.market]);
    const chosen = news.length > 0 ? this.#chance.pick(news) : moves[0];
    if (!chosen || (news.length === 0 && this.#chance.next() < 0.8)) return undefined;
    const { quote, told, move } = chosen;
    this.#told.set(quote.instrument, priceOf(quote));
    const pattern = this.#chance.pick(news.length === 0 ? quiet : move > 0 ? up : down);
    const text = pattern
      .replace('%s', () => said(quote))
      .replace('%m', () => formatPercent(told, priceOf(quote)).replace(' %', '%'));
    return { kind: 'post', text, topic };
  }

  /** Its own topic, and the lobby where it keeps the door: An. */
  #isMine(topic: string): boolean {
    return topic === this.#who.topic || (this.#who === AN && topic !== BINH.topic);
  }

  #quoteIn(text: string): Quote | undefined {
    for (const word of text.toUpperCase().match(/[A-Z0-9-]+/g) ?? []) {
      const quote = this.#quotes.get(word);
      if (quote) return quote;
    }
    return undefined;
  }
}

/** A line of the talk that a visitor finds when he comes. */
export type Opening = {
  readonly who: Character;
  readonly text: string;
  readonly topic: string;
  /** Place of the line that it answers. */
  readonly replyTo?: number;
  /** What becomes of it. */
  readonly after?: { readonly kind: 'edit'; readonly text: string } | { readonly kind: 'delete' };
};

/** @param price what an instrument costs, or cost so many milliseconds ago */
export function opening(price: (instrument: string, msAgo?: number) => number, visitor: string): Opening[] {
  const million = (value: number) => `${(value / 1e6).toFixed(2)} million`;
  const [sjc, ring, xau, usd, btc] = ['SJC', 'SJC-RING', 'XAU', 'USD', 'BTC'].map((id) => price(id)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const world = ((xau * usd) / 31.1034768) * 37.5;
  const since = (instrument: string, days: number) =>
    formatPercent(price(instrument, days * DAY), price(instrument)).replace(' %', '%');
  const eth = formatPrice(price('ETH'), 'USD');
  return [
    { who: AN, topic: 'lobby', text: 'Chào cả nhà! Every price in this room is SIMULATED: random walks, no market' },
    { who: BINH, topic: 'lobby', text: 'So nobody gets rich today. Morning!', replyTo: 0 },
    { who: AN, topic: 'gold', text: `SJC ${million(sjc)} a tael, ${since('SJC', 1)} in a day` },
    { who: BINH, topic: 'crypto', text: `BTC ${formatPrice(btc, 'USD')}, ${since('BTC', 30)} in a month` },
    { who: BINH, topic: 'gold', text: '@bot-an and the world price?', replyTo: 2 },
    {
      who: AN,
      topic: 'gold',
      text: `XAU ${formatPrice(xau, 'USD')} is ${million(world)} a tael: the gap is ${million(sjc - world)}`,
      replyTo: 4,
    },
    {
      who: BINH,
      topic: 'crypto',
      text: `ETH ${eth.slice(0, -1)}`,
      after: { kind: 'edit', text: `ETH ${eth}, I had lost a digit` },
    },
    { who: BINH, topic: 'crypto', text: 'DOGE will pay my rent', after: { kind: 'delete' } },
    { who: AN, topic: 'gold', text: `Nhẫn SJC ${million(ring)}, một tuần ${since('SJC-RING', 7)}` },
    { who: AN, topic: 'lobby', text: `@${visitor} welcome! Write MSG xin chào, or ask me: MSG @bot-an SJC?` },
  ];
}

function said(quote: Quote): string {
  return `${quote.instrument} ${formatPrice(priceOf(quote), quote.currency)}`;
}

function priceOf({ sell, buy }: Quote): number {
  return (sell ?? buy) as number;
}
