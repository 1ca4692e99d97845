import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { formatIPv6, normalizeIp, parseHextets } from '../domain/address.ts';
import type { Endpoint } from '../domain/peer.ts';

/**
 * Datagrams for hole punching (docs/protocol.md, "Datagrams"): HELLO and SEEN between a client and the daemon, PROBE
 * between two clients. Format: `'g', version, type, flags, id (16), MAC (16), body`. The MAC is HMAC-SHA256 over
 * everything else, truncated to 16 bytes, with the secret that both sides got over TLS together with the id. Without
 * the secret there is no reply, and no reply is longer than its request, so the daemon cannot be used for
 * amplification.
 */
export type Datagram = HelloDatagram | SeenDatagram | ProbeDatagram;

export type { Endpoint } from '../domain/peer.ts';

/** Side of an introduction: `a` requested it. */
export type IntroductionSide = 'a' | 'b';

/** From a client to the daemon, which reads the sender's public endpoint from it. */
export interface HelloDatagram {
  readonly type: 'hello';
  readonly id: string;
  readonly side: IntroductionSide;
  /** The sender requests a relay. */
  readonly relay: boolean;
  /** The sender's addresses in its own network, at most 4. */
  readonly local: readonly Endpoint[];
  /** Greater than in every earlier HELLO of this side, below 2^32; 0 from clients without a counter. */
  readonly counter: number;
}

/** The daemon's reply to HELLO. */
export interface SeenDatagram {
  readonly type: 'seen';
  readonly id: string;
  /** Of the receiver. */
  readonly side: IntroductionSide;
  /** Public endpoint of the receiver. */
  readonly seen: Endpoint;
  /** Public endpoint of the other side, once known. */
  readonly other: Endpoint | null;
  readonly otherLocal: readonly Endpoint[];
  /** Both sides requested a relay: the daemon forwards stream packets. */
  readonly relayed: boolean;
}

/** Between two clients, to open a direct path. */
export interface ProbeDatagram {
  readonly type: 'probe';
  readonly id: string;
  readonly side: IntroductionSide;
  /** The sender has received a probe of the other side. */
  readonly heard: boolean;
}

const DATAGRAM_MAGIC = 0x67;
const DATAGRAM_VERSION = 1;
const TYPE_CODES = { hello: 1, seen: 2, probe: 3 } as const;
const HEADER_BYTES = 36;
const MAC_OFFSET = 20;
const MAC_BYTES = 16;
const ENDPOINT_BYTES = 19;
const MAX_LOCAL_ENDPOINTS = 4;
/** Length of every HELLO; not less than that of SEEN. */
export const HELLO_BYTES = 256;
/** After the maximum number of endpoints in a HELLO. */
const COUNTER_OFFSET = HELLO_BYTES - 4;
const PROBE_BYTES = HEADER_BYTES;

const FLAG_SIDE_B = 1;
const FLAG_RELAY = 2;
const FLAG_OTHER = 4;
const FLAG_ACKNOWLEDGED = 8;

/** First byte of UDX packets. They have the receiver's stream id, little-endian, at byte 4. */
export const STREAM_MAGIC = 0xff;

/**
 * Derives the UDX stream ids of both sides from the introduction.
 * @param id 32 hexadecimal digits
 */
export function streamIds(id: string): Readonly<Record<IntroductionSide, number>> {
  return { a: Number.parseInt(id.slice(0, 8), 16), b: Number.parseInt(id.slice(8, 16), 16) };
}

/** The id, which selects the secret; undefined for anything but a goldctl datagram. */
export function datagramIdOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < HEADER_BYTES || bytes[0] !== DATAGRAM_MAGIC || bytes[1] !== DATAGRAM_VERSION) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset + 4, 16).toString('hex');
}

/** @param secret 64 hexadecimal digits */
export function encodeDatagram(datagram: Datagram, secret: string): Buffer {
  const { type, id, side } = datagram;
  let flags = side === 'b' ? FLAG_SIDE_B : 0;
  const endpoints: Endpoint[] = [];
  if (type === 'hello') {
    if (datagram.relay) flags |= FLAG_RELAY;
    endpoints.push(...datagram.local.slice(0, MAX_LOCAL_ENDPOINTS));
  } else if (type === 'seen') {
    if (datagram.relayed) flags |= FLAG_RELAY;
    if (datagram.other) flags |= FLAG_OTHER;
    endpoints.push(
      datagram.seen,
      ...(datagram.other ? [datagram.other] : []),
      ...datagram.otherLocal.slice(0, MAX_LOCAL_ENDPOINTS),
    );
  } else if (datagram.heard) flags |= FLAG_ACKNOWLEDGED;
  const length =
    type === 'hello' ? HELLO_BYTES : type === 'probe' ? PROBE_BYTES : HEADER_BYTES + endpoints.length * ENDPOINT_BYTES;
  const bytes = Buffer.alloc(length);
  bytes.set([DATAGRAM_MAGIC, DATAGRAM_VERSION, TYPE_CODES[type], flags]);
  bytes.write(id, 4, 'hex');
  for (const [i, endpoint] of endpoints.entries()) writeEndpoint(bytes, HEADER_BYTES + i * ENDPOINT_BYTES, endpoint);
  if (type === 'hello') bytes.writeUInt32BE(datagram.counter, COUNTER_OFFSET);
  computeMac(bytes, secret).copy(bytes, MAC_OFFSET);
  return bytes;
}

/** Undefined for an invalid datagram or one with a wrong MAC. */
export function decodeDatagram(bytes: Uint8Array, secret: string): Datagram | undefined {
  const id = datagramIdOf(bytes);
  if (id === undefined || bytes.length > HELLO_BYTES) return undefined;
  const copy = Buffer.from(bytes); // the socket may reuse the bytes
  const given = Buffer.from(copy.subarray(MAC_OFFSET, MAC_OFFSET + MAC_BYTES));
  copy.fill(0, MAC_OFFSET, MAC_OFFSET + MAC_BYTES);
  if (!timingSafeEqual(given, computeMac(copy, secret))) return undefined;
  const flags = copy[3]!;
  const side: IntroductionSide = (flags & FLAG_SIDE_B) === 0 ? 'a' : 'b';
  const endpoints = readEndpoints(copy);
  switch (copy[2]) {
    case TYPE_CODES.hello:
      if (copy.length !== HELLO_BYTES) return undefined;
      return {
        type: 'hello',
        id,
        side,
        relay: (flags & FLAG_RELAY) !== 0,
        local: endpoints.slice(0, MAX_LOCAL_ENDPOINTS),
        counter: copy.readUInt32BE(COUNTER_OFFSET),
      };
    case TYPE_CODES.seen: {
      const [seen, ...others] = endpoints;
      const other = (flags & FLAG_OTHER) === 0 ? null : others.shift();
      if (!seen || other === undefined) return undefined;
      const otherLocal = others.slice(0, MAX_LOCAL_ENDPOINTS);
      return { type: 'seen', id, side, seen, other, otherLocal, relayed: (flags & FLAG_RELAY) !== 0 };
    }
    case TYPE_CODES.probe:
      return { type: 'probe', id, side, heard: (flags & FLAG_ACKNOWLEDGED) !== 0 };
    default:
      return undefined;
  }
}

/** @param bytes with zeros in place of the MAC */
function computeMac(bytes: Buffer, secret: string): Buffer {
  return createHmac('sha256', Buffer.from(secret, 'hex')).update(bytes).digest().subarray(0, MAC_BYTES);
}

/** Family (4 or 6), 16 bytes of address, port. */
function writeEndpoint(bytes: Buffer, at: number, { address, port }: Endpoint): void {
  const bare = normalizeIp(address);
  const family = isIP(bare);
  bytes[at] = family;
  // The last two groups are the IPv4 address; the others only mark it as mapped.
  const words = family === 0 ? [] : parseHextets(bare)!.slice(family === 4 ? 6 : 0);
  for (const [i, word] of words.entries()) bytes.writeUInt16BE(word, at + 1 + 2 * i);
  bytes.writeUInt16BE(port, at + 17);
}

/** Stops at the first invalid endpoint: the rest is padding. */
function readEndpoints(bytes: Buffer): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (let at = HEADER_BYTES; at + ENDPOINT_BYTES <= bytes.length; at += ENDPOINT_BYTES) {
    const family = bytes[at];
    const port = bytes.readUInt16BE(at + 17);
    if (port === 0) break;
    if (family === 4) endpoints.push({ address: [...bytes.subarray(at + 1, at + 5)].join('.'), port });
    else if (family === 6) {
      const words = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 1 + 2 * i));
      endpoints.push({ address: formatIPv6(words), port });
    } else break;
  }
  return endpoints;
}

const PRIVATE_NETWORKS = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['127.0.0.0', 8],
] as const) {
  PRIVATE_NETWORKS.addSubnet(network, bits, 'ipv4');
}
for (const [network, bits] of [
  ['fc00::', 7],
  ['fe80::', 10],
  ['::1', 128],
] as const) {
  PRIVATE_NETWORKS.addSubnet(network, bits, 'ipv6');
}

/** Private, link-local or loopback. */
export function isPrivateAddress(address: string): boolean {
  const bare = normalizeIp(address);
  const family = isIP(bare);
  return family !== 0 && PRIVATE_NETWORKS.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}
