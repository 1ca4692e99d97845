import { CATALOGUE } from '../../domain/instrument.ts';

const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** Whether a code is one of money by ISO 4217. The codes of metals (`XAU`) are not. */
export function isCurrency(code: string): boolean {
  return CURRENCIES.has(code) && !/^X(?:AU|AG|PT|PD)$/.test(code);
}

/** The catalogue's currencies other than USD: those that a dollar is priced in, as instruments `USD-EUR`. */
export const FOREIGN: readonly string[] = CATALOGUE.filter(({ market, id }) => market === 'fx' && id !== 'USD').map(
  ({ id }) => id,
);
