import { INSTRUMENT_CATALOGUE } from '../../domain/instrument.ts';

const ISO_CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** Whether a code is an ISO 4217 currency. Codes of metals (`XAU`) are excluded. */
export function isCurrency(code: string): boolean {
  return ISO_CURRENCIES.has(code) && !/^X(?:AU|AG|PT|PD)$/.test(code);
}

/** The catalogue's currencies other than USD, in which a dollar is priced (`USD-EUR`). */
export const FOREIGN_CURRENCIES: readonly string[] = INSTRUMENT_CATALOGUE.filter(
  ({ market, id }) => market === 'fx' && id !== 'USD',
).map(({ id }) => id);
