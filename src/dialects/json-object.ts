import { AppError } from '../domain/app-error.ts';
import type { DecodedRequest } from './legacy-protocol.ts';

const [QUOTE, BACKSLASH, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d];
export type JsonObject = Readonly<Record<string, unknown>>;

const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Decodes the first JSON object; undefined while incomplete. @throws AppError PARSE_ERROR */
export function decodeObject(bytes: Buffer): DecodedRequest<JsonObject> | undefined {
  let start = 0;
  while (start < bytes.length && WHITE_SPACE.has(bytes[start]!)) start++;
  if (start === bytes.length) return undefined;
  if (bytes[start] !== OPEN) throw new AppError('PARSE_ERROR', 'Invalid request: expected a JSON object.');
  const used = findObjectEnd(bytes, start);
  if (used === undefined) return undefined;
  try {
    return { request: JSON.parse(bytes.toString('utf8', start, used)) as Record<string, unknown>, usedBytes: used };
  } catch (cause) {
    throw new AppError('PARSE_ERROR', 'Invalid request: expected a JSON object.', { cause });
  }
}

/** The offset after the matching brace. Bytes of multi-byte characters are never JSON punctuation. */
function findObjectEnd(bytes: Buffer, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let offset = start; offset < bytes.length; offset++) {
    const byte = bytes[offset];
    if (inString) {
      if (byte === BACKSLASH) offset++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN) depth++;
    else if (byte === CLOSE && --depth === 0) return offset + 1;
  }
  return undefined;
}
