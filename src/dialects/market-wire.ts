import { shorten } from './shorten.ts';

/** What the market seed's clients read at once, in bytes. */
export const MARKET_REPLY = 1024;

export const INVALID = say('Invalid request');

/** An answer whose data are JSON already. */
export function reply(data: string): string {
  return `{"status":"OK","data":${data}}`;
}

/** A sentence, which the client prints as it is; as much of it as one reply holds. */
export function say(sentence: string): string {
  let text = shorten(sentence, MARKET_REPLY - Buffer.byteLength(reply('""')));
  for (;;) {
    const whole = reply(JSON.stringify(text));
    if (Buffer.byteLength(whole) <= MARKET_REPLY) return whole;
    text = text.slice(0, -1); // signs that JSON spells in two
  }
}

/** A price as JSON: the client takes only numbers with a point or an exponent for prices. */
export function float(price: number): string {
  const text = JSON.stringify(price);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
