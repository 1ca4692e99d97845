import { textReplyAs } from './market-wire.ts';

/**
 * The closing message for a market or sum client that has sent no request yet. On a shared port only the request tells
 * which of them it is, so one object serves both: the market client prints `data`; the sum client prints `server_name`
 * and the sum of `server_number` and its own number. 0 is no valid server number (1-100) and leaves the client's own
 * number as the sum.
 */
export function closingMessage(reason: string): string {
  const form = (text: string) => `{"status":"OK","data":${text},"server_name":${text},"server_number":0,"sum":0}`;
  return textReplyAs(form, reason);
}
