/** What stands for a secret where settings, messages or logs are shown. */
export const MASK = '********';
/** What a provider's key is put in place of: no secret itself. */
const PLACEHOLDER = '{key}';

const SECRET_NAME =
  /^(?:key|auth|sig|signature|pass|pwd|.*(?:api[-_]?key|access[-_]?key|token|secret|password|passwd|authorization|cookie|credential).*|.*[-_]key)$/i;
/** Of which all values are masked, whatever their names: any header can carry a key. */
const HEADERS_NAME = /^headers?$/i;
const URL_NAME = /^(?:url|uri|href|endpoint)$/i;
/** The scheme is bounded: a long text must not be scanned anew from each of its letters. */
const URL_IN_TEXT = /([a-z][a-z0-9+.-]{0,20}:\/\/)([^\s"'`<>\\]+)/gi;
const HOST = /^(?:\[[0-9a-f:.]+\]|[\p{L}\p{N}._-]+)(?::\d{1,5})?$/iu;
/** As keys in paths look: long, of letters and digits. */
const KEY_IN_PATH = /^(?=[^/]*\d)(?=[^/]*[a-z])[\w-]{16,}$/i;

/** Whether a field, parameter or header of that name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * A copy of settings that may be shown: keys, tokens, passwords and the like, values of headers, and what may be a secret
 * in addresses are masked.
 */
export function maskSecrets<T>(settings: T): T {
  return mask(settings, '', false) as T;
}

function mask(value: unknown, name: string, isSecret: boolean): unknown {
  if (Array.isArray(value)) return value.map((each) => mask(each, name, isSecret));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => [
        key,
        mask(each, key, isSecret || isSecretName(key) || HEADERS_NAME.test(key)),
      ]),
    );
  }
  if (isSecret) return typeof value === 'boolean' || value === null || value === '' ? value : MASK;
  if (typeof value !== 'string') return value;
  return URL_NAME.test(name) && !value.includes('://') ? maskUrl(value) : maskUrls(value);
}

/** A text in which whatever may be a secret in an address is masked: user, query, fragment, keys in the path. */
export function maskUrls(text: string): string {
  if (!text.includes('://')) return text;
  return text.replace(URL_IN_TEXT, (_, scheme: string, rest: string) => scheme + maskUrl(rest));
}

/** @param text an address without its scheme */
function maskUrl(text: string): string {
  const [, authority = '', path = '', query, fragment] =
    /^([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) ?? [];
  // A password may have any sign in it, so what ends the host's part may be of the password.
  const at = text.lastIndexOf('@');
  if (at >= 0 && authority !== '' && !HOST.test(authority)) {
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
  return value === '' || value === PLACEHOLDER ? text : `${name}${MASK}`;
}
