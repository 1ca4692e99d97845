import { sayAs } from './market-wire.ts';

/**
 * The last words to a client of market or sum that has sent no request yet, when the daemon ends its connection: the same
 * object for both, because on a shared port only the request tells which of them it is. The market client prints `data`.
 * The sum client prints `server_name`, and the sum of `server_number` and its own number: 0, which is no number of a
 * server (1-100) and leaves the client's own number as the sum.
 */
export function closingMessage(reason: string): string {
  return sayAs((text) => `{"status":"OK","data":${text},"server_name":${text},"server_number":0,"sum":0}`, reason);
}
