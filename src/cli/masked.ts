const SECRET = /^(key|.*(?:api[-_]?key|token|secret|password|authorization|cookie|credential).*|.*[-_]key)$/i;
/** What stands for a secret where settings are shown. */
export const MASK = '********';

/** A copy of settings that may be shown: keys, tokens, passwords and the like are masked, in addresses as well. */
export function masked<T>(settings: T): T {
  return mask(settings) as T;
}

function mask(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(mask);
  if (typeof value === 'string') return maskedUrl(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      SECRET.test(name) && typeof each === 'string' && each !== '' ? MASK : mask(each),
    ]),
  );
}

function maskedUrl(text: string): string {
  if (!/^https?:\/\//i.test(text)) return text;
  return text
    .replace(/^(https?:\/\/)[^/?#]*@/i, `$1${MASK}@`)
    .replace(/([?&;])([^=&;#]*)=([^&;#]*)/g, (all, mark: string, name: string) =>
      SECRET.test(name) ? `${mark}${name}=${MASK}` : all,
    );
}
