/** Unmaps an IPv4 address from IPv6 (`::ffff:192.0.2.1`) and removes the zone of an IPv6 address. */
export function normalizeIp(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/s, '');
}

/** Addresses that are not on the internet: loopback, private, link-local and reserved networks. */
const INTERNAL_RANGES = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3'],
  ...['::/128', '::1/128', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
].map((text) => parseCidr(text)!);

/** Checks IPv4 embedded in IPv6 too. True for text that is not an address. */
export function isInternalAddress(address: string): boolean {
  const hextets = parseHextets(address.replace(/%.*$/s, ''));
  if (!hextets) return true;
  const embedded = findEmbeddedIPv4(hextets);
  const text = embedded ? formatMappedIPv4([0, 0, 0, 0, 0, 0xffff, ...embedded]) : address;
  return INTERNAL_RANGES.some((range) => cidrContains(range, text));
}

/** The IPv4 address in a NAT64 (64:ff9b::/96), 6to4 (2002::/16) or IPv4-compatible (::/96) address. */
function findEmbeddedIPv4(hextets: readonly number[]): readonly number[] | undefined {
  if (hextets[0] === 0x64 && hextets[1] === 0xff9b && hextets.slice(2, 6).every((hextet) => hextet === 0))
    return hextets.slice(6);
  if (hextets[0] === 0x2002) return hextets.slice(1, 3);
  const isCompatible = hextets.slice(0, 6).every((hextet) => hextet === 0) && (hextets[6] !== 0 || hextets[7]! > 1);
  return isCompatible ? hextets.slice(6) : undefined;
}

/** A range of addresses with a common prefix. A single address has all 128 bits. */
export interface Cidr {
  /** Canonical spelling: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. */
  readonly text: string;
  /** Eight groups of 16 bits; IPv4 is mapped into IPv6. */
  readonly hextets: readonly number[];
  /** Of the 128 bits. */
  readonly prefixLength: number;
}

/** Parses `ADDRESS` or `ADDRESS/BITS`; clears the bits after the prefix. Undefined for other text. */
export function parseCidr(input: string): Cidr | undefined {
  const [, address, suffix] = /^([0-9a-f:.]{2,45})(?:\/(\d{1,3}))?$/i.exec(input) ?? [];
  const given = address === undefined ? undefined : parseHextets(address);
  if (!given) return undefined;
  const isMapped = isMappedIPv4(given);
  const offset = isMapped && !address!.includes(':') ? 96 : 0;
  const prefixLength = suffix === undefined ? 128 : Number(suffix) + offset;
  if (prefixLength > 128 || (isMapped && prefixLength < 96)) return undefined;
  const hextets = given.map((hextet, i) => hextet & hextetMask(prefixLength - 16 * i));
  const network = isMapped ? formatMappedIPv4(hextets) : formatIPv6(hextets);
  const text = prefixLength === 128 ? network : `${network}/${isMapped ? prefixLength - 96 : prefixLength}`;
  return { text, hextets, prefixLength };
}

/**
 * Why a text that is meant as an address or a range is none, as a sentence; undefined for a valid one, and for text that
 * may be a member name: that has no `/` and no `:`.
 */
export function describeInvalidCidr(input: string): string | undefined {
  if (parseCidr(input)) return undefined;
  const [, address = '', suffix] = /^([^/]*)(?:\/(.*))?$/s.exec(input) ?? [];
  const hextets = parseHextets(address);
  if (hextets && suffix !== undefined) {
    const isMapped = isMappedIPv4(hextets) && address.includes(':');
    const [family, from, to] = isMapped
      ? ['a mapped IPv4', 96, 128]
      : address.includes(':')
        ? ['an IPv6', 0, 128]
        : ['an IPv4', 0, 32];
    return `The prefix length of ${input} is wrong: after ${family} address it is /${from} to /${to}, for example ${address}/${to}.`;
  }
  if (/^\d+(?:\.\d+){3}$/.test(address))
    return `${input} is not an IPv4 address: each of its numbers is 0-255, without leading zeros.`;
  if (!/[/:]/.test(input)) return undefined;
  return `${input} is neither an address nor a range of addresses. Examples: 192.0.2.7, 192.0.2.0/24, 2001:db8::/32.`;
}

/** Accepts any spelling of the address. */
export function cidrContains({ hextets, prefixLength }: Cidr, address: string): boolean {
  const own = parseHextets(address.replace(/%.*$/s, ''));
  return own?.every((hextet, i) => (hextet & hextetMask(prefixLength - 16 * i)) === hextets[i]) ?? false;
}

/** A mask of the first `bits` of 16 bits. */
function hextetMask(bits: number): number {
  return bits >= 16 ? 0xffff : bits <= 0 ? 0 : (0xffff << (16 - bits)) & 0xffff;
}

/** The eight groups of an IPv6 address; IPv4 is mapped into IPv6. Undefined for other text. */
export function parseHextets(address: string): number[] | undefined {
  const four = parseIPv4(address);
  return four ? [0, 0, 0, 0, 0, 0xffff, ...four] : parseIPv6(address);
}

export function isMappedIPv4(hextets: readonly number[]): boolean {
  return hextets.slice(0, 5).every((hextet) => hextet === 0) && hextets[5] === 0xffff;
}

export function formatMappedIPv4(hextets: readonly number[]): string {
  return [hextets[6]! >> 8, hextets[6]! & 255, hextets[7]! >> 8, hextets[7]! & 255].join('.');
}

/** Canonical spelling (RFC 5952): the first longest run of two or more zeros becomes `::`. */
export function formatIPv6(hextets: readonly number[]): string {
  let [from, length] = [0, 1];
  for (let i = 0; i < hextets.length; i++) {
    let run = 0;
    while (hextets[i + run] === 0) run++;
    if (run > length) [from, length] = [i, run];
  }
  const hex = hextets.map((hextet) => hextet.toString(16));
  return length < 2 ? hex.join(':') : `${hex.slice(0, from).join(':')}::${hex.slice(from + length).join(':')}`;
}

/** `a.b.c.d` as two groups of 16 bits. Rejects leading zeros, as Node does: some programs read such a part as octal. */
function parseIPv4(text: string): [number, number] | undefined {
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text);
  if (!match) return undefined;
  const [a, b, c, d] = match.slice(1).map(Number) as [number, number, number, number];
  return a > 255 || b > 255 || c > 255 || d > 255 ? undefined : [(a << 8) | b, (c << 8) | d];
}

function parseIPv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return undefined;
  const head = parseHextetGroup(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseHextetGroup(halves[1]!, true) : [];
  if (!head || !tail) return undefined;
  const zeros = 8 - head.length - tail.length;
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return undefined;
  return [...head, ...new Array<number>(zeros).fill(0), ...tail];
}

/** @param ends these are the last groups of the address, so the end may be written as IPv4 */
function parseHextetGroup(text: string, ends: boolean): number[] | undefined {
  if (text === '') return [];
  const hextets: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const dotted = ends && i === parts.length - 1 ? parseIPv4(part) : undefined;
    if (dotted) hextets.push(...dotted);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) hextets.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return hextets;
}

/** `host:port`, with IPv6 in brackets. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether traffic to this host never leaves the machine: the one rule that decides where clear text is allowed. */
export function isLoopback(host: string): boolean {
  const bare = normalizeIp(host);
  return bare === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare) || bare.toLowerCase() === 'localhost';
}

export interface ClientAddresses {
  readonly address: string;
  /** The address of the daemon that the client connected to. */
  readonly localAddress: string;
}

/**
 * The address at which a client reaches the machine that the daemon knows as `address`. Loopback and the control socket
 * (which has no IP address) are the daemon's own machine: clients elsewhere reach it where they reach the daemon.
 */
export function addressSeenBy({ address: own, localAddress }: ClientAddresses, address: string): string {
  if (!isLoopback(address)) return parseHextets(address.replace(/%.*$/s, '')) ? address : localAddress;
  return isLoopback(own) && own.includes(':') === address.includes(':') ? address : localAddress;
}
