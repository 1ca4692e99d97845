import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isInternalAddress } from '../domain/address.ts';

/** Error code for a redirect to an internal host. */
export const INTERNAL_HOST_CODE = 'EINTERNAL';

export interface RedirectGuardSettings {
  /** Default: the system's resolver. */
  readonly lookup?: LookupFunction;
  readonly isInternal?: (address: string) => boolean;
}

/** Blocks redirects from the internet into internal networks (SSRF). */
export class RedirectGuard {
  readonly #lookup: LookupFunction;
  readonly #isInternal: (address: string) => boolean;

  constructor({ lookup = systemLookup, isInternal = isInternalAddress }: RedirectGuardSettings = {}) {
    this.#lookup = lookup;
    this.#isInternal = isInternal;
  }

  /** Whether the host is a literal internal address. */
  isInternalLiteral({ hostname }: URL): boolean {
    const host = hostname.replace(/^\[|\]$/g, '');
    return isIP(host) !== 0 && this.#isInternal(host);
  }

  /** Whether the host is, or resolves to, an internal address; false if it does not resolve. */
  isInternal(url: URL): Promise<boolean> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return Promise.resolve(this.#isInternal(host));
    return new Promise((resolve) => {
      this.#lookup(host, { all: true }, (error, found) => {
        resolve(!error && toAddressList(found).some(({ address }) => this.#isInternal(address)));
      });
    });
  }

  /** For connections: fails if any address is internal, so that none is tried, whatever an earlier lookup returned. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = error ? [] : toAddressList(found);
      const internal = addresses.find(({ address }) => this.#isInternal(address));
      const failure = error ?? (internal && Object.assign(new Error('internal address'), { code: INTERNAL_HOST_CODE }));
      const [first] = addresses;
      if (failure || !first) callback(failure ?? Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), []);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function toAddressList(found: string | { address: string; family: number }[]): { address: string; family: number }[] {
  return typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
}
