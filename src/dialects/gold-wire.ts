import { isUtf8 } from 'node:buffer';
import { AppError } from '../domain/app-error.ts';
import { formatPrice } from '../domain/number-format.ts';
import type { Quote } from '../domain/quote.ts';
import { sanitizeText } from '../domain/text.ts';
import { type DecodedRequest, truncateUtf8 } from './legacy-protocol.ts';

/** What a gold client reads at once. */
export const MAX_GOLD_REPLY_BYTES = 2048;
export const GOLD_LINE_BYTES = 4096;
/** Length of the line as decimal digits, padded with spaces. */
export const GOLD_HEADER_BYTES = 64;

const SEPARATOR = '_______________________';

/** The line after a 64-byte header; undefined while incomplete. @throws AppError PARSE_ERROR, TOO_LARGE */
export function decodeLine(bytes: Buffer): DecodedRequest<string> | undefined {
  const header = bytes.toString('latin1', 0, GOLD_HEADER_BYTES);
  if (!(header.length < GOLD_HEADER_BYTES ? /^\d* *$/ : /^\d+ *$/).test(header)) {
    throw new AppError('PARSE_ERROR', 'Expected a header of digits and spaces.');
  }
  if (header.length < GOLD_HEADER_BYTES) return undefined;
  const length = Number(header);
  if (length > GOLD_LINE_BYTES) throw new AppError('TOO_LARGE', `A line may have at most ${GOLD_LINE_BYTES} bytes.`);
  if (bytes.length < GOLD_HEADER_BYTES + length) return undefined;
  const line = bytes.subarray(GOLD_HEADER_BYTES, GOLD_HEADER_BYTES + length);
  if (!isUtf8(line)) throw new AppError('PARSE_ERROR', 'A line must be UTF-8 text.');
  return { request: line.toString(), usedBytes: GOLD_HEADER_BYTES + length };
}

/** A name and, after the first space, a password, which may contain spaces; undefined without a space. */
export function parseGoldCredentials(line: string): { name: string; password: string } | undefined {
  const at = line.indexOf(' ');
  return at < 0 ? undefined : { name: line.slice(0, at), password: line.slice(at + 1) };
}

export const HELP = 'Important key words:\n-quit: Exit program\n-signin: Sign in\n-signup: Sign up\n';
export const GREETING = `${SEPARATOR}GOLD RATE IN VIETNAM${SEPARATOR}\n${HELP}`;

const CREDENTIALS = `Type your username and your password (separate with a space " ")\nFor example: "MyName01 123456"`;

export const SIGN_IN_PROMPT = `${SEPARATOR}SIGN IN${SEPARATOR}\n${CREDENTIALS}\nOr you can create new account by typing: "-signup"`;
export const SIGN_UP_PROMPT = `${SEPARATOR}SIGN UP${SEPARATOR}\n${CREDENTIALS}`;

const LOOK_UP_PROMPT = `${SEPARATOR}LOOK UP${SEPARATOR}\nType date and type (separate with a space " ")\nFor example: "2021-12-27 SJC"`;

export function signedInReply(name: string): string {
  return `Log in successfully! WELCOME "${name}"\n${LOOK_UP_PROMPT}`;
}

export function signedUpReply(name: string): string {
  return `A new account has been created. WELCOME "${name}"\n${LOOK_UP_PROMPT}`;
}

export const SIGN_IN_REFUSED = 'Username or Password may be wrong, type again:';
export const ACCOUNT_EXISTS = 'Account is already exists, you can type "-signin" to continue\nOr type again: ';
export const INVALID_INPUT = 'Typo error, please type again';
export const NOT_SIGNED_IN = 'I do not understand (may be you have not logged in)';
export const QUIT_REPLY = 'REMOVING CONNECTION';
export const CONNECTION_REMOVED = 'SERVER IS REMOVING YOUR CONNECTION';
export const NO_RESULTS = 'Sorry, did not find any results';

/** As many records as fit into one reply, and how many more there are. */
export function resultsReply(quotes: readonly Quote[]): string {
  if (quotes.length === 0) return NO_RESULTS;
  let text = `${quotes.length} results found:\n`;
  const isMixed = new Set(quotes.map(({ instrument }) => instrument)).size > 1;
  for (const [i, quote] of quotes.entries()) {
    const left = quotes.length - i;
    const next = formatRecord(quote, isMixed);
    const behind = left > 1 ? moreResultsLine(left - 1) : '';
    if (Buffer.byteLength(text + next + behind) > MAX_GOLD_REPLY_BYTES) return text + moreResultsLine(left);
    text += next;
  }
  return text;
}

function moreResultsLine(count: number): string {
  return `${count} more do not fit here: goldctl shows all of them`;
}

/** Longer names are truncated. */
const MAX_NAME_BYTES = 200;

/** @param isMixed several instruments: show what differs from gold in VND per tael */
function formatRecord({ instrument, buy, sell, currency, unit, company, brand, id }: Quote, isMixed: boolean): string {
  const name = (text: string) => truncateUtf8(sanitizeText(text), MAX_NAME_BYTES);
  const measure = isMixed && !(currency === 'VND' && unit === 'tael') ? ` ${name(currency)}/${unit}` : '';
  const price = (value: number | null) => `${formatPrice(value, currency)}${value === null ? '' : measure}`;
  const rows = [
    `|BUY: ${price(buy)}\t\t|`,
    `|SELL: ${price(sell)}\t|`,
    `|Company: ${name(company)}\t|`,
    `|Brand: ${name(brand === '' && isMixed ? instrument : brand)}\t|`,
    `|ID: ${name(id)}\t\t|`,
  ];
  return ` ${SEPARATOR}\n${rows.join('\n')}\n|${SEPARATOR}|\n`;
}
