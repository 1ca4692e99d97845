import { truncateUtf8 } from './legacy-protocol.ts';

/** What a market client reads at once. */
export const MAX_MARKET_REPLY_BYTES = 1024;

export const INVALID_REQUEST = textReply('Invalid request');

/** A reply whose data is JSON text. */
export function dataReply(data: string): string {
  return `{"status":"OK","data":${data}}`;
}

/** A sentence that the client prints, truncated to one reply. */
export function textReply(sentence: string): string {
  return textReplyAs(dataReply, sentence);
}

/** @param form builds the whole object around the sentence as JSON */
export function textReplyAs(form: (json: string) => string, sentence: string): string {
  // Python cannot print half a character.
  let text = truncateUtf8(Buffer.from(sentence).toString(), MAX_MARKET_REPLY_BYTES - Buffer.byteLength(form('""')));
  for (;;) {
    const whole = form(JSON.stringify(text));
    if (Buffer.byteLength(whole) <= MAX_MARKET_REPLY_BYTES) return whole;
    text = truncateUtf8(text, Buffer.byteLength(text) - 1); // JSON escapes some characters as two or six
  }
}

/** A price as JSON: the client accepts only numbers with a point or an exponent. */
export function formatFloat(price: number): string {
  const text = JSON.stringify(price);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
