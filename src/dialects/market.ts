import type { Failure } from '../domain/failure.ts';
import { price } from '../domain/quote.ts';
import type { Answer, Conversation, Dialect, DialectRoom } from './dialect.ts';
import { cutObject } from './json-object.ts';
import { float, INVALID, MARKET_REPLY, reply, say } from './market-wire.ts';

type Asked = Readonly<Record<string, unknown>>;

/** The coins of the seed. */
const COINS = ['BTC', 'XRP', 'DOGE', 'USDT', 'ETH', 'BNB', 'ADA', 'USDC', 'POL', 'SOL'] as const;
/** A client shows its menu for as long as its user likes, and nobody signs in. */
const PATIENCE_MS = 3_600_000;

/** The market seed: the prices of ten coins, or of one. */
export function marketDialect(room: DialectRoom): Dialect {
  return {
    name: 'market',
    replyBytes: MARKET_REPLY,
    requestBytes: 4096,
    signsIn: false,
    patienceMs: PATIENCE_MS,
    owns: (first) => Object.hasOwn(first, 'status'),
    converse: () => new MarketConversation(room),
  };
}

class MarketConversation implements Conversation<Asked> {
  readonly #room: DialectRoom;

  constructor(room: DialectRoom) {
    this.#room = room;
  }

  cut(bytes: Buffer) {
    return cutObject(bytes);
  }

  answer({ data }: Asked): Answer {
    const [, what] = /^MARKET +(.+)$/s.exec(typeof data === 'string' ? data.trim() : '') ?? [];
    if (what === undefined) return INVALID;
    return what === 'ALL' ? this.#all() : this.#one(what);
  }

  refuse({ message }: Failure): Answer {
    return say(message);
  }

  farewell(reason: string): string {
    return say(reason);
  }

  #all(): Answer {
    const { rates } = this.#room;
    const prices: string[] = [];
    for (const id of COINS) {
      const coin = rates.resolve(id);
      const [best] = rates.get(coin);
      if (best) prices.push(`${JSON.stringify(coin.name)}:${float(price(best))}`);
    }
    return prices.length > 0 ? reply(`{${prices.join(',')}}`) : say('No price of any coin has come in yet.');
  }

  #one(name: string): Answer {
    const { rates } = this.#room;
    const instrument = rates.resolve(name);
    const [best] = rates.get(instrument);
    return best ? reply(float(price(best))) : say(`No price of ${instrument.name} has come in yet.`);
  }
}
