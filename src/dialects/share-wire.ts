import { Buffer } from 'node:buffer';
import { AppError } from '../domain/app-error.ts';
import { type EpochMs, parseFileTime } from '../domain/time.ts';
import type { DecodedRequest } from './legacy-protocol.ts';

/** A request. The address claimed in `login` is ignored: see docs/decisions/0020. */
export type ShareRequest =
  | { readonly verb: 'login' | 'register'; readonly name: string; readonly password: string; readonly port: number }
  | {
      readonly verb: 'publish';
      readonly name: string;
      readonly size: number;
      readonly modified: EpochMs;
      readonly description: string;
    }
  | { readonly verb: 'fetch'; readonly name: string }
  | { readonly verb: 'exit' }
  | { readonly verb: 'ping'; readonly nonce: string };

/** Where one legacy client reaches another. */
export interface SharePeer {
  readonly member: string;
  readonly address: string;
  readonly port: number;
}

/** A publication is the longest: name, size, time and description. */
export const MAX_SHARE_MESSAGE_CHARACTERS = 2048;
const LENGTH_BYTES = 4;
/** No character takes more than four bytes in UTF-8. */
export const MAX_SHARE_MESSAGE_BYTES = LENGTH_BYTES + 4 * MAX_SHARE_MESSAGE_CHARACTERS;
const UTF8_DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes a message: a length (uint32, big-endian), then text. Legacy clients count characters, not bytes. Undefined
 * while incomplete.
 * @throws AppError TOO_LARGE, INVALID_REQUEST (not UTF-8): the start of the next message is unknown
 */
export function decodeShareMessage(bytes: Buffer): DecodedRequest<string> | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const length = bytes.readUInt32BE(0);
  if (length > MAX_SHARE_MESSAGE_CHARACTERS) {
    throw new AppError(
      'TOO_LARGE',
      `A message may have at most ${MAX_SHARE_MESSAGE_CHARACTERS} characters, not ${length}.`,
      {
        data: { limit: MAX_SHARE_MESSAGE_CHARACTERS },
      },
    );
  }
  let used = LENGTH_BYTES;
  for (let characters = 0; characters < length; characters += 1) {
    if (used >= bytes.length) return undefined;
    used += utf8Length(bytes[used]!);
  }
  return used > bytes.length ? undefined : { request: decodeUtf8(bytes.subarray(LENGTH_BYTES, used)), usedBytes: used };
}

/** Undefined for an invalid request. */
export function parseShareRequest(text: string): ShareRequest | undefined {
  const [verb, ...words] = text.split(' ');
  switch (verb) {
    case 'login':
    case 'register':
      return parseCredentials(verb, words);
    case 'publish':
      return parsePublication(words);
    case 'fetch':
      return text.length > 6 ? { verb, name: text.slice(6) } : undefined;
    case 'exit':
      return { verb };
    case 'ping':
      return { verb, nonce: text.slice(5) };
    default:
      return undefined;
  }
}

/** A code without a body. */
export function encodeCode(code: number): Buffer {
  return Buffer.from(String(code));
}

/** Legacy clients read as many bytes as the length says, so the body is ASCII. */
export function encodeBody(code: 203 | 204, body: string): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(body.length);
  return Buffer.concat([encodeCode(code), length, Buffer.from(body, 'latin1')]);
}

/** As Python prints a list of tuples: member, address, port, 1 for online. */
export function encodePeers(peers: readonly SharePeer[]): string {
  const rows = peers.map((peer) => `(${pythonString(peer.member)}, ${pythonString(peer.address)}, ${peer.port}, 1)`);
  return `[${rows.join(', ')}]`;
}

/** The length of a character by its first byte. */
function utf8Length(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  throw invalidTextError();
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8_DECODER.decode(bytes);
  } catch (cause) {
    throw invalidTextError(cause);
  }
}

function invalidTextError(cause?: unknown): AppError {
  return new AppError('INVALID_REQUEST', 'A message must be UTF-8 text.', { cause });
}

/** `U P ip port`; the password may contain spaces. */
function parseCredentials(verb: 'login' | 'register', [name, ...rest]: readonly string[]): ShareRequest | undefined {
  const port = parsePort(rest.at(-1));
  const password = rest.slice(0, -2).join(' ');
  return name === undefined || name === '' || password === '' || port === undefined
    ? undefined
    : { verb, name, password, port };
}

/** `name size HH:MM:SS-DD/MM/YYYY description`; the name may contain spaces; underscores are spaces. */
function parsePublication(words: readonly string[]): ShareRequest | undefined {
  const at = words.findIndex((word, i) => i > 1 && parseFileTime(word) !== undefined);
  if (at < 0) return undefined;
  const modified = parseFileTime(words[at]!)!;
  const [, digits] = /^(\d{1,16})B?$/.exec(words[at - 1]!) ?? [];
  const size = Number(digits);
  if (!Number.isSafeInteger(size)) return undefined;
  const name = words.slice(0, at - 1).join(' ');
  const description = words
    .slice(at + 1)
    .join(' ')
    .replaceAll('_', ' ');
  return { verb: 'publish', name, size, modified, description };
}

function parsePort(text: string | undefined): number | undefined {
  const port = /^\d{1,5}$/.test(text ?? '') ? Number(text) : 0;
  return port > 0 && port < 65_536 ? port : undefined;
}

/** A Python string literal in ASCII. */
function pythonString(text: string): string {
  const escaped = text.replace(/['\\]|[^ -~]/gu, (character) => {
    const code = character.codePointAt(0)!;
    if (code > 31 && code < 127) return `\\${character}`;
    return code > 0xffff ? `\\U${toHex(code, 8)}` : `\\u${toHex(code, 4)}`;
  });
  return `'${escaped}'`;
}

function toHex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
