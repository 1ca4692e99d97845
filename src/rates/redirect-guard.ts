import { lookup as systemLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isInternalAddress } from '../domain/address.ts';

/** Code of the error for a host that a redirect may not lead to. */
export const INTERNAL_HOST = 'EINTERNAL';

export interface RedirectGuardSettings {
  /** Default: the system's. */
  readonly lookup?: LookupFunction;
  /** Default: `isInternalAddress`. */
  readonly isInternal?: (address: string) => boolean;
}

/** Keeps redirects of sources on the internet out of the networks of this machine. */
export class RedirectGuard {
  readonly #lookup: LookupFunction;
  readonly #isInternal: (address: string) => boolean;

  constructor({ lookup = systemLookup, isInternal = isInternalAddress }: RedirectGuardSettings = {}) {
    this.#lookup = lookup;
    this.#isInternal = isInternal;
  }

  /** Whether a host is written as an internal address. */
  isInternalLiteral({ hostname }: URL): boolean {
    const host = hostname.replace(/^\[|\]$/g, '');
    return isIP(host) !== 0 && this.#isInternal(host);
  }

  /** Whether a host is, or resolves to, an internal address. One that does not resolve is not. */
  isInternal(url: URL): Promise<boolean> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return Promise.resolve(this.#isInternal(host));
    return new Promise((resolve) => {
      this.#lookup(host, { all: true }, (error, found) => {
        resolve(!error && addressesOf(found).some(({ address }) => this.#isInternal(address)));
      });
    });
  }

  /** For connections: fails for a host with any internal address, so that none is tried, however it was resolved before. */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#lookup(hostname, { ...options, all: true }, (error, found) => {
      const addresses = error ? [] : addressesOf(found);
      const internal = addresses.find(({ address }) => this.#isInternal(address));
      const failure = error ?? (internal && Object.assign(new Error('an internal address'), { code: INTERNAL_HOST }));
      const [first] = addresses;
      if (failure || !first) callback(failure ?? Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), []);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

function addressesOf(found: string | { address: string; family: number }[]): { address: string; family: number }[] {
  return typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
}
