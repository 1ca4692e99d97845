/**
 * Where somebody comes from, for counting what comes from one place: an IPv4 address as it is, also when it is
 * mapped into IPv6 (`::ffff:192.0.2.1`), an IPv6 address by its /64, which is what one subscriber has at least.
 * Text that is no address (the control socket has none) stands for itself.
 */
export function sourceOf(address: string): string {
  const bare = address.replace(/%.*$/s, ''); // the zone of a link-local address names our interface, not the peer
  if (parseIPv4(bare)) return bare;
  const words = parseIPv6(bare);
  if (!words) return address;
  const mapped = words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff;
  if (mapped) return [words[6]! >> 8, words[6]! & 255, words[7]! >> 8, words[7]! & 255].join('.');
  return `${words
    .slice(0, 4)
    .map((word) => word.toString(16))
    .join(':')}::/64`;
}

/** The two words of `a.b.c.d`. */
function parseIPv4(text: string): [number, number] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
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
