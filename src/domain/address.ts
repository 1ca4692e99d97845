/** An address as people write it: an IPv4 one in its own form however it came, an IPv6 one without its zone. */
export function bareAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/s, '');
}

/** What is not on the internet: this machine, private and link-local networks, and what nobody answers from. */
const INTERNAL = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.168.0.0/16', '198.18.0.0/15', '224.0.0.0/3'],
  ...['::/128', '::1/128', 'fc00::/7', 'fe80::/10', 'fec0::/10', 'ff00::/8'],
].map((text) => parseRange(text)!);

/** Whether an address is not one of the internet, also where it is an IPv4 one within an IPv6 one. Text that is none is. */
export function isInternalAddress(address: string): boolean {
  const words = wordsOf(address.replace(/%.*$/s, ''));
  if (!words) return true;
  const embedded = embeddedIPv4(words);
  const text = embedded ? dotted([0, 0, 0, 0, 0, 0xffff, ...embedded]) : address;
  return INTERNAL.some((range) => isWithin(range, text));
}

/** The IPv4 address that NAT64 (64:ff9b::/96), 6to4 (2002::/16) or an IPv4-compatible address (::/96) leads to. */
function embeddedIPv4(words: readonly number[]): readonly number[] | undefined {
  if (words[0] === 0x64 && words[1] === 0xff9b && words.slice(2, 6).every((word) => word === 0)) return words.slice(6);
  if (words[0] === 0x2002) return words.slice(1, 3);
  const isCompatible = words.slice(0, 6).every((word) => word === 0) && (words[6] !== 0 || words[7]! > 1);
  return isCompatible ? words.slice(6) : undefined;
}

/** Addresses that begin with the same bits. */
export interface AddressRange {
  /** The one way to write it: `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. */
  readonly text: string;
  /** The eight words of an IPv6 address; IPv4 is mapped into it. */
  readonly words: readonly number[];
  /** How many of the 128 bits count. */
  readonly bits: number;
}

/** An address, or a range as `ADDRESS/BITS`; bits behind those that count are cleared. Undefined for other text. */
export function parseRange(text: string): AddressRange | undefined {
  const [, address, suffix] = /^([0-9a-f:.]{2,45})(?:\/(\d{1,3}))?$/i.exec(text) ?? [];
  const all = address === undefined ? undefined : wordsOf(address);
  if (!all) return undefined;
  const mapped = isMapped(all);
  const written = suffix === undefined ? undefined : Number(suffix) + (mapped && !address!.includes(':') ? 96 : 0);
  const bits = written ?? 128;
  if (bits > 128 || (mapped && bits < 96)) return undefined;
  const words = all.map((word, i) => word & mask(bits - 16 * i));
  const bare = mapped ? dotted(words) : compressed(words);
  return { text: bits === 128 ? bare : `${bare}/${mapped ? bits - 96 : bits}`, words, bits };
}

/** Whether the address, in any of its spellings, is of the range. */
export function isWithin({ words, bits }: AddressRange, address: string): boolean {
  const own = wordsOf(address.replace(/%.*$/s, ''));
  return own?.every((word, i) => (word & mask(bits - 16 * i)) === words[i]) ?? false;
}

/** The first `bits` of a word of 16. */
function mask(bits: number): number {
  return bits >= 16 ? 0xffff : bits <= 0 ? 0 : (0xffff << (16 - bits)) & 0xffff;
}

/** The eight words of an IPv6 address; IPv4 is mapped into it. Undefined for other text. */
export function wordsOf(address: string): number[] | undefined {
  const four = parseIPv4(address);
  return four ? [0, 0, 0, 0, 0, 0xffff, ...four] : parseIPv6(address);
}

export function isMapped(words: readonly number[]): boolean {
  return words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;
}

export function dotted(words: readonly number[]): string {
  return [words[6]! >> 8, words[6]! & 255, words[7]! >> 8, words[7]! & 255].join('.');
}

/** The one way to write an IPv6 address: the longest run of two or more zeros, the first of equals, is `::` (RFC 5952). */
export function compressed(words: readonly number[]): string {
  let [from, length] = [0, 1];
  for (let i = 0; i < words.length; i++) {
    let run = 0;
    while (words[i + run] === 0) run++;
    if (run > length) [from, length] = [i, run];
  }
  const hex = words.map((word) => word.toString(16));
  return length < 2 ? hex.join(':') : `${hex.slice(0, from).join(':')}::${hex.slice(from + length).join(':')}`;
}

/** The two words of `a.b.c.d`. A part with a zero before it is octal to some, so it is no address, as in Node. */
function parseIPv4(text: string): [number, number] | undefined {
  const match = /^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})$/.exec(text);
  if (!match) return undefined;
  const [a, b, c, d] = match.slice(1).map(Number) as [number, number, number, number];
  return a > 255 || b > 255 || c > 255 || d > 255 ? undefined : [(a << 8) | b, (c << 8) | d];
}

/** The eight words of an IPv6 address in any of its spellings. */
function parseIPv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return undefined;
  const head = parseWords(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseWords(halves[1]!, true) : [];
  if (!head || !tail) return undefined;
  const zeros = 8 - head.length - tail.length;
  if (halves.length === 1 ? zeros !== 0 : zeros < 1) return undefined;
  return [...head, ...new Array<number>(zeros).fill(0), ...tail];
}

/** @param ends the words are the last of the address, which may be spelled as IPv4 */
function parseWords(text: string, ends: boolean): number[] | undefined {
  if (text === '') return [];
  const words: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    const dotted = ends && i === parts.length - 1 ? parseIPv4(part) : undefined;
    if (dotted) words.push(...dotted);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) words.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return words;
}
