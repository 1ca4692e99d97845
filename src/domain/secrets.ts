/** Replaces a secret in displayed settings, messages and logs. */
export const MASK = '********';
/** Replaced by a provider's key in a URL; not a secret. */
const KEY_PLACEHOLDER = '{key}';

const SECRET_NAME =
  /^(?:key|auth|sig|signature|pass|pwd|.*(?:api[-_]?key|access[-_]?key|token|secret|password|passwd|authorization|cookie|credential).*|.*[-_]key)$/i;
/** All values are masked, because any header can carry a key. */
const HEADERS_NAME = /^headers?$/i;
const URL_NAME = /^(?:url|uri|href|endpoint)$/i;
/** The length of the scheme is bounded, so that matching a long text takes linear time. */
const URL_IN_TEXT = /([a-z][a-z0-9+.-]{0,20}:\/\/)([^\s"'`<>\\]+)/gi;
const HOST_IN_URL = /^(?:\[[0-9a-f:.]+\]|[\p{L}\p{N}._-]+)(?::\d{1,5})?$/iu;
/** Keys in paths are long and contain letters and digits. */
const KEY_IN_PATH = /^(?=[^/]*\d)(?=[^/]*[a-z])[\w-]{16,}$/i;

/** Of a field, parameter or header. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** Copies settings for display; masks keys, tokens, passwords, values of headers, and possible secrets in URLs. */
export function maskSecrets<T>(settings: T): T {
  return maskValue(settings, '', false) as T;
}

function maskValue(value: unknown, name: string, isSecret: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => maskValue(each, name, isSecret));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        key,
        maskValue(each, key, isSecret || isSecretName(key) || HEADERS_NAME.test(key)),
      ]),
    );
  }
  if (isSecret) return typeof value === 'boolean' || value === null || value === '' ? value : MASK;
  if (typeof value !== 'string') return value;
  return URL_NAME.test(name) && !value.includes('://') ? maskUrl(value) : maskUrls(value);
}

/** Masks possible secrets in all URLs of a text: user, query, fragment, keys in the path. */
export function maskUrls(text: string): string {
  if (!text.includes('://')) return text;
  return text.replace(URL_IN_TEXT, (_, scheme: string, rest: string) => scheme + maskUrl(rest));
}

/** @param text a URL without its scheme */
function maskUrl(text: string): string {
  const [, authority = '', path = '', query, fragment] =
    /^([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? [];
  // A password can contain any character, so a character that ends the authority may be part of the password.
  const at = text.lastIndexOf('@');
  if (at >= 0 && authority !== '' && !HOST_IN_URL.test(authority)) {
    return `${MASK}@${maskUrl(text.slice(at + 1))}`;
  }
  return (
    authority +
    path
      .split('/')
      .map((segment) => {
        const [name = '', ...params] = segment.split(';');
        return [KEY_IN_PATH.test(name) ? MASK : name, ...params.map(maskParameter)].join(';');
      })
      .join('/') +
    (query === undefined ? '' : `?${query.replaceAll(/[^&;]+/g, maskParameter)}`) +
    (fragment === undefined ? '' : `#${fragment === '' ? '' : MASK}`)
  );
}

/** `name=value`, or a value alone. */
function maskParameter(text: string): string {
  const [, name = '', value = ''] = /^([^=]*=)?(.*)$/s.exec(text) ?? [];
  return value === '' || value === KEY_PLACEHOLDER ? text : `${name}${MASK}`;
}
