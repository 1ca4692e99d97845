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
  return sayAs(reply, sentence);
}

/**
 * As `say`, in an object of another form.
 * @param form the whole object, around the sentence as JSON
 */
export function sayAs(form: (json: string) => string, sentence: string): string {
  // Python cannot print half a character.
  let text = shorten(Buffer.from(sentence).toString(), MARKET_REPLY - Buffer.byteLength(form('""')));
  for (;;) {
    const whole = form(JSON.stringify(text));
    if (Buffer.byteLength(whole) <= MARKET_REPLY) return whole;
    text = shorten(text, Buffer.byteLength(text) - 1); // JSON spells some characters in two or six
  }
}

/** A price as JSON: the client takes only numbers with a point or an exponent for prices. */
export function float(price: number): string {
  const text = JSON.stringify(price);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
