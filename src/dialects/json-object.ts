import { Failure } from '../domain/failure.ts';
import type { Cut } from './dialect.ts';

const [QUOTE, BACKSLASH, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d];
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * The JSON object that bytes begin with, white space before it left out; undefined while it is not whole.
 * @throws Failure PARSE_ERROR for bytes that begin no object, or one that is no JSON
 */
export function cutObject(bytes: Buffer): Cut<Readonly<Record<string, unknown>>> | undefined {
  let from = 0;
  while (from < bytes.length && SPACES.has(bytes[from]!)) from++;
  if (from === bytes.length) return undefined;
  if (bytes[from] !== OPEN) throw new Failure('PARSE_ERROR', 'Invalid request: expected a JSON object.');
  const used = endOf(bytes, from);
  if (used === undefined) return undefined;
  try {
    return { request: JSON.parse(bytes.toString('utf8', from, used)) as Record<string, unknown>, used };
  } catch (cause) {
    throw new Failure('PARSE_ERROR', 'Invalid request: expected a JSON object.', { cause });
  }
}

/** Behind the brace that closes the one at `from`. No byte of a longer character is a sign of JSON. */
function endOf(bytes: Buffer, from: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE && --depth === 0) return at + 1;
  }
  return undefined;
}
