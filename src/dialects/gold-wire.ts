import { isUtf8 } from 'node:buffer';
import { Failure } from '../domain/failure.ts';
import { formatPrice } from '../domain/figures.ts';
import { plain } from '../domain/fold.ts';
import type { Quote } from '../domain/quote.ts';
import type { Cut } from './dialect.ts';
import { shorten } from './shorten.ts';

/** What the gold seed's clients read at once, in bytes. */
export const GOLD_REPLY = 2048;
/** The longest line that is taken, in bytes. */
export const GOLD_LINE = 4096;
/** Before every line: how many bytes it has, as decimal digits, spaces behind. */
export const HEADER = 64;

const LINE = '_______________________';

/** The line behind a header of 64 bytes; undefined while it is not whole. @throws Failure PARSE_ERROR, TOO_LARGE */
export function cutLine(bytes: Buffer): Cut<string> | undefined {
  const header = bytes.toString('latin1', 0, HEADER);
  if (!(header.length < HEADER ? /^\d* *$/ : /^\d+ *$/).test(header)) {
    throw new Failure('PARSE_ERROR', 'Expected a header of digits and spaces.');
  }
  if (header.length < HEADER) return undefined;
  const length = Number(header);
  if (length > GOLD_LINE) throw new Failure('TOO_LARGE', `A line has ${GOLD_LINE} bytes at most.`);
  if (bytes.length < HEADER + length) return undefined;
  const line = bytes.subarray(HEADER, HEADER + length);
  if (!isUtf8(line)) throw new Failure('PARSE_ERROR', 'A line is text in UTF-8.');
  return { request: line.toString(), used: HEADER + length };
}

/** A name, and behind the first space a password, which may have spaces; undefined without a space. */
export function parseCredentials(line: string): { name: string; password: string } | undefined {
  const at = line.indexOf(' ');
  return at < 0 ? undefined : { name: line.slice(0, at), password: line.slice(at + 1) };
}

export const HELP = 'Important key words:\n-quit: Exit program\n-signin: Sign in\n-signup: Sign up\n';
export const GREETING = `${LINE}GOLD RATE IN VIETNAM${LINE}\n${HELP}`;

const CREDENTIALS = `Type your username and your password (separate with a space " ")\nFor example: "MyName01 123456"`;

export const SIGN_IN = `${LINE}SIGN IN${LINE}\n${CREDENTIALS}\nOr you can create new account by typing: "-signup"`;
export const SIGN_UP = `${LINE}SIGN UP${LINE}\n${CREDENTIALS}`;

const LOOK_UP = `${LINE}LOOK UP${LINE}\nType date and type (separate with a space " ")\nFor example: "2021-12-27 SJC"`;

export function signedIn(name: string): string {
  return `Log in successfully! WELCOME "${name}"\n${LOOK_UP}`;
}

export function signedUp(name: string): string {
  return `A new account has been created. WELCOME "${name}"\n${LOOK_UP}`;
}

export const REFUSED = 'Username or Password may be wrong, type again:';
export const EXISTS = 'Account is already exists, you can type "-signin" to continue\nOr type again: ';
export const TYPO = 'Typo error, please type again';
export const NOT_SIGNED_IN = 'I do not understand (may be you have not logged in)';
export const QUIT = 'REMOVING CONNECTION';
export const REMOVED = 'SERVER IS REMOVING YOUR CONNECTION';
export const NOTHING = 'Sorry, did not find any results';

/** As many records as one reply holds, and behind them how many more there are. */
export function results(quotes: readonly Quote[]): string {
  if (quotes.length === 0) return NOTHING;
  let text = `${quotes.length} results found:\n`;
  const isMixed = new Set(quotes.map(({ instrument }) => instrument)).size > 1;
  for (const [i, quote] of quotes.entries()) {
    const left = quotes.length - i;
    const next = record(quote, isMixed);
    const behind = left > 1 ? more(left - 1) : '';
    if (Buffer.byteLength(text + next + behind) > GOLD_REPLY) return text + more(left);
    text += next;
  }
  return text;
}

function more(count: number): string {
  return `${count} more do not fit here: goldctl shows all of them`;
}

/** Names are cut where they are longer than any line of the box. */
const NAME_BYTES = 200;

/**
 * @param isMixed records of several instruments stand together: one without a brand says which it is of, and one that is
 * not in VND per tael, as those of the old server are, says in what it is
 */
function record({ instrument, buy, sell, currency, unit, company, brand, id }: Quote, isMixed: boolean): string {
  const name = (text: string) => shorten(plain(text), NAME_BYTES);
  const measure = isMixed && !(currency === 'VND' && unit === 'tael') ? ` ${name(currency)}/${unit}` : '';
  const price = (value: number | null) => `${formatPrice(value, currency)}${value === null ? '' : measure}`;
  const rows = [
    `|BUY: ${price(buy)}\t\t|`,
    `|SELL: ${price(sell)}\t|`,
    `|Company: ${name(company)}\t|`,
    `|Brand: ${name(brand === '' && isMixed ? instrument : brand)}\t|`,
    `|ID: ${name(id)}\t\t|`,
  ];
  return ` ${LINE}\n${rows.join('\n')}\n|${LINE}|\n`;
}
