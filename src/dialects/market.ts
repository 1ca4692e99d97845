import type { AppError } from '../domain/app-error.ts';
import { referencePrice } from '../domain/quote.ts';
import { decodeObject, type JsonObject } from './json-object.ts';
import type { LegacyProtocol, LegacyServices, LegacySession, OptionalReply } from './legacy-protocol.ts';
import { dataReply, formatFloat, INVALID_REQUEST, MAX_MARKET_REPLY_BYTES, textReply } from './market-wire.ts';

/** The coins of the original program. */
const COINS = ['BTC', 'XRP', 'DOGE', 'USDT', 'ETH', 'BNB', 'ADA', 'USDC', 'POL', 'SOL'] as const;
/** A client shows its menu for as long as its user likes, and nobody signs in. */
const REQUEST_TIMEOUT_MS = 3_600_000;

/** The market protocol: the prices of ten coins, or of one. */
export function marketProtocol(services: LegacyServices): LegacyProtocol {
  return {
    name: 'market',
    maxReplyBytes: MAX_MARKET_REPLY_BYTES,
    maxRequestBytes: 4096,
    hasAccounts: false,
    timeoutMs: REQUEST_TIMEOUT_MS,
    recognizes: (first) => Object.hasOwn(first, 'status'),
    openSession: () => new MarketSession(services),
  };
}

class MarketSession implements LegacySession<JsonObject> {
  readonly #services: LegacyServices;

  constructor(services: LegacyServices) {
    this.#services = services;
  }

  decode(bytes: Buffer) {
    return decodeObject(bytes);
  }

  handle({ data }: JsonObject): OptionalReply {
    const [, selection] = /^MARKET +(.+)$/s.exec(typeof data === 'string' ? data.trim() : '') ?? [];
    if (selection === undefined) return INVALID_REQUEST;
    return selection === 'ALL' ? this.#allPrices() : this.#onePrice(selection);
  }

  errorReply({ message }: AppError): OptionalReply {
    return textReply(message);
  }

  closingMessage(reason: string): string {
    return textReply(reason);
  }

  #allPrices(): OptionalReply {
    const { rates } = this.#services;
    const prices: string[] = [];
    for (const id of COINS) {
      const coin = rates.resolve(id);
      const [best] = rates.latestQuotes(coin);
      if (best) prices.push(`${JSON.stringify(coin.name)}:${formatFloat(referencePrice(best))}`);
    }
    return prices.length > 0 ? dataReply(`{${prices.join(',')}}`) : textReply('No coin prices are available yet.');
  }

  #onePrice(name: string): OptionalReply {
    const { rates } = this.#services;
    const instrument = rates.resolve(name);
    const [best] = rates.latestQuotes(instrument);
    return best
      ? dataReply(formatFloat(referencePrice(best)))
      : textReply(`No price of ${instrument.name} is available yet.`);
  }
}
