import { Buffer } from 'node:buffer';
import { Failure } from '../domain/failure.ts';
import { type Instant, parseShareTime } from '../domain/instant.ts';

/** What an old client asks. The address that it claims in `login` is left out: see docs/decisions/0020. */
export type ShareRequest =
  | { readonly verb: 'login' | 'register'; readonly name: string; readonly password: string; readonly port: number }
  | {
      readonly verb: 'publish';
      readonly name: string;
      readonly size: number;
      readonly modified: Instant;
      readonly description: string;
    }
  | { readonly verb: 'fetch'; readonly name: string }
  | { readonly verb: 'exit' }
  | { readonly verb: 'ping'; readonly nonce: string };

/** Where one old client reaches another. */
export interface SharePeer {
  readonly member: string;
  readonly address: string;
  readonly port: number;
}

/** A publication has the most to say: name, size, time and description. */
export const MESSAGE_CHARACTERS = 2048;
const LENGTH_BYTES = 4;
/** Of the longest message: no character has more than four in UTF-8. */
export const MESSAGE_BYTES = LENGTH_BYTES + 4 * MESSAGE_CHARACTERS;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The message that the bytes begin with: a length (uint32, big-endian), then text. The length counts characters, as
 * old clients count, however many bytes they take. Undefined while it is not whole.
 * @throws Failure TOO_LARGE, INVALID_REQUEST (no UTF-8): nobody knows where the next one begins
 */
export function cutMessage(bytes: Buffer): { readonly request: string; readonly used: number } | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const length = bytes.readUInt32BE(0);
  if (length > MESSAGE_CHARACTERS) {
    throw new Failure('TOO_LARGE', `A message has ${MESSAGE_CHARACTERS} characters at most, not ${length}.`, {
      data: { limit: MESSAGE_CHARACTERS },
    });
  }
  let used = LENGTH_BYTES;
  for (let characters = 0; characters < length; characters += 1) {
    if (used >= bytes.length) return undefined;
    used += bytesOf(bytes[used]!);
  }
  return used > bytes.length ? undefined : { request: decode(bytes.subarray(LENGTH_BYTES, used)), used };
}

/** The request that a message is; undefined where it is none. */
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

/** A code that stands alone. */
export function encodeCode(code: number): Buffer {
  return Buffer.from(String(code));
}

/**
 * A code with a body. Old clients read as many bytes as the length says, whatever it counts: a body is ASCII, so that
 * characters and bytes are the same.
 */
export function encodeBody(code: 203 | 204, body: string): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(body.length);
  return Buffer.concat([encodeCode(code), length, Buffer.from(body, 'latin1')]);
}

/** As Python writes a list of tuples: who, address, port, and that he is there. */
export function encodePeers(peers: readonly SharePeer[]): string {
  const rows = peers.map(({ member, address, port }) => `(${literal(member)}, ${literal(address)}, ${port}, 1)`);
  return `[${rows.join(', ')}]`;
}

/** Bytes of the character that begins with this one. */
function bytesOf(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  if (lead >= 0xf0 && lead < 0xf5) return 4;
  throw noText();
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw noText(cause);
  }
}

function noText(cause?: unknown): Failure {
  return new Failure('INVALID_REQUEST', 'A message is text in UTF-8.', { cause });
}

/** `U P ip port`; the password may have spaces. */
function parseCredentials(verb: 'login' | 'register', [name, ...rest]: readonly string[]): ShareRequest | undefined {
  const port = parsePort(rest.at(-1));
  const password = rest.slice(0, -2).join(' ');
  return name === undefined || name === '' || password === '' || port === undefined
    ? undefined
    : { verb, name, password, port };
}

/** `name size HH:MM:SS-DD/MM/YYYY description`; the name may have spaces, those of the description are underscores. */
function parsePublication(words: readonly string[]): ShareRequest | undefined {
  const at = words.findIndex((word, i) => i > 1 && parseShareTime(word) !== undefined);
  if (at < 0) return undefined;
  const modified = parseShareTime(words[at]!)!;
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

/** A Python string in ASCII. */
function literal(text: string): string {
  const escaped = text.replace(/['\\]|[^ -~]/gu, (character) => {
    const code = character.codePointAt(0)!;
    if (code > 31 && code < 127) return `\\${character}`;
    return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  });
  return `'${escaped}'`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
