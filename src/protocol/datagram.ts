import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { bareAddress, compressed, wordsOf } from '../domain/address.ts';
import type { Place } from '../domain/peer.ts';

/**
 * The datagrams by which peers find one another (docs/protocol.md, "Datagrams"): HELLO and SEEN between a client and
 * the daemon, PROBE between two clients. Each is `'g', version, type, flags, id (16), MAC (16), body`; the MAC is
 * HMAC-SHA256 over everything else, by the secret that both got over TLS with the id, cut to 16 bytes. Whoever does
 * not know the secret gets no answer, and no answer is longer than what it answers.
 */
export type Datagram = Hello | Seen | Probe;

export type { Place } from '../domain/peer.ts';

/** Which of the two of an introduction: `a` asked for it. */
export type Side = 'a' | 'b';

/** "Here I am": what the daemon sees of it is where the other side can reach the sender. */
export interface Hello {
  readonly type: 'hello';
  readonly id: string;
  readonly side: Side;
  /** The sender asks to be relayed. */
  readonly relay: boolean;
  /** Where the sender is in its own network, at most 4. */
  readonly local: readonly Place[];
  /** Greater than in every earlier HELLO of this side, below 2^32; 0 from clients that do not count. */
  readonly counter: number;
}

/** The daemon's answer. */
export interface Seen {
  readonly type: 'seen';
  readonly id: string;
  /** To whom it is said. */
  readonly side: Side;
  readonly seen: Place;
  /** Where the other side was seen, once it was. */
  readonly other: Place | null;
  readonly otherLocal: readonly Place[];
  /** Both sides asked for it: stream packets sent to the daemon are handed on. */
  readonly relayed: boolean;
}

/** "Can you hear me?" */
export interface Probe {
  readonly type: 'probe';
  readonly id: string;
  readonly side: Side;
  /** The sender has heard a probe of the other side. */
  readonly heard: boolean;
}

const MAGIC = 0x67;
const VERSION = 1;
const TYPES = { hello: 1, seen: 2, probe: 3 } as const;
const HEAD = 36;
const MAC_AT = 20;
const MAC_BYTES = 16;
const PLACE_BYTES = 19;
const MAX_LOCAL = 4;
/** Every HELLO is so long: SEEN fits into it. */
export const HELLO_BYTES = 256;
/** Behind all places that a HELLO can have. */
const COUNTER_AT = HELLO_BYTES - 4;
const PROBE_BYTES = HEAD;

const SIDE_B = 1;
const RELAY = 2;
const OTHER = 4;
const HEARD = 8;

/** First byte of UDX's own packets; they carry the stream id of their receiver, little-endian, at byte 4. */
export const STREAM_MAGIC = 0xff;

/**
 * Ids of the UDX stream of an introduction at either end: both know them without being told.
 * @param id 32 hexadecimal digits
 */
export function streamIds(id: string): Readonly<Record<Side, number>> {
  return { a: Number.parseInt(id.slice(0, 8), 16), b: Number.parseInt(id.slice(8, 16), 16) };
}

/** The id of a datagram of ours, to look up its secret by; undefined for anything else. */
export function idOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEAD || bytes[0] !== MAGIC || bytes[1] !== VERSION) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset + 4, 16).toString('hex');
}

/** @param secret 64 hexadecimal digits */
export function encodeDatagram(datagram: Datagram, secret: string): Buffer {
  const { type, id, side } = datagram;
  let flags = side === 'b' ? SIDE_B : 0;
  const places: Place[] = [];
  if (type === 'hello') {
    if (datagram.relay) flags |= RELAY;
    places.push(...datagram.local.slice(0, MAX_LOCAL));
  } else if (type === 'seen') {
    if (datagram.relayed) flags |= RELAY;
    if (datagram.other) flags |= OTHER;
    places.push(datagram.seen, ...(datagram.other ? [datagram.other] : []), ...datagram.otherLocal.slice(0, MAX_LOCAL));
  } else if (datagram.heard) flags |= HEARD;
  const length = type === 'hello' ? HELLO_BYTES : type === 'probe' ? PROBE_BYTES : HEAD + places.length * PLACE_BYTES;
  const bytes = Buffer.alloc(length);
  bytes.set([MAGIC, VERSION, TYPES[type], flags]);
  bytes.write(id, 4, 'hex');
  for (const [i, place] of places.entries()) writePlace(bytes, HEAD + i * PLACE_BYTES, place);
  if (type === 'hello') bytes.writeUInt32BE(datagram.counter, COUNTER_AT);
  macOf(bytes, secret).copy(bytes, MAC_AT);
  return bytes;
}

/** Undefined for what is no datagram of ours, or was made by somebody who does not know the secret. */
export function decodeDatagram(bytes: Uint8Array, secret: string): Datagram | undefined {
  const id = idOf(bytes);
  if (id === undefined || bytes.length > HELLO_BYTES) return undefined;
  const own = Buffer.from(bytes); // the bytes may be the socket's own
  const given = Buffer.from(own.subarray(MAC_AT, MAC_AT + MAC_BYTES));
  own.fill(0, MAC_AT, MAC_AT + MAC_BYTES);
  if (!timingSafeEqual(given, macOf(own, secret))) return undefined;
  const flags = own[3]!;
  const side: Side = (flags & SIDE_B) === 0 ? 'a' : 'b';
  const places = readPlaces(own);
  switch (own[2]) {
    case TYPES.hello:
      if (own.length !== HELLO_BYTES) return undefined;
      return {
        type: 'hello',
        id,
        side,
        relay: (flags & RELAY) !== 0,
        local: places.slice(0, MAX_LOCAL),
        counter: own.readUInt32BE(COUNTER_AT),
      };
    case TYPES.seen: {
      const [seen, ...others] = places;
      const other = (flags & OTHER) === 0 ? null : others.shift();
      if (!seen || other === undefined) return undefined;
      const otherLocal = others.slice(0, MAX_LOCAL);
      return { type: 'seen', id, side, seen, other, otherLocal, relayed: (flags & RELAY) !== 0 };
    }
    case TYPES.probe:
      return { type: 'probe', id, side, heard: (flags & HEARD) !== 0 };
    default:
      return undefined;
  }
}

/** @param bytes with nothing where the MAC belongs */
function macOf(bytes: Buffer, secret: string): Buffer {
  return createHmac('sha256', Buffer.from(secret, 'hex')).update(bytes).digest().subarray(0, MAC_BYTES);
}

/** Family (4 or 6), 16 bytes of address, port. */
function writePlace(bytes: Buffer, at: number, { address, port }: Place): void {
  const bare = bareAddress(address);
  const family = isIP(bare);
  bytes[at] = family;
  // Of IPv4, the last two words: what comes before them says only that it is mapped.
  const words = family === 0 ? [] : wordsOf(bare)!.slice(family === 4 ? 6 : 0);
  for (const [i, word] of words.entries()) bytes.writeUInt16BE(word, at + 1 + 2 * i);
  bytes.writeUInt16BE(port, at + 17);
}

/** Until the first place that is none: the rest is padding. */
function readPlaces(bytes: Buffer): Place[] {
  const places: Place[] = [];
  for (let at = HEAD; at + PLACE_BYTES <= bytes.length; at += PLACE_BYTES) {
    const family = bytes[at];
    const port = bytes.readUInt16BE(at + 17);
    if (port === 0) break;
    if (family === 4) places.push({ address: [...bytes.subarray(at + 1, at + 5)].join('.'), port });
    else if (family === 6) {
      const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 1 + 2 * i));
      places.push({ address: compressed(words), port });
    } else break;
  }
  return places;
}

const NEAR = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['127.0.0.0', 8],
] as const) {
  NEAR.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['fc00::', 7],
  ['fe80::', 10],
  ['::1', 128],
] as const) {
  NEAR.addSubnet(network, bits, 'ipv6');
}

/** Whether an address belongs to no public network: private, link-local or loopback. */
export function isNear(address: string): boolean {
  const bare = bareAddress(address);
  const family = isIP(bare);
  return family !== 0 && NEAR.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}
