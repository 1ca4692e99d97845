import { CATALOGUE } from '../../domain/instrument.ts';

/** The catalogue's currencies other than USD: those that a dollar is priced in, as instruments `USD-EUR`. */
export const FOREIGN: readonly string[] = CATALOGUE.filter(({ market, id }) => market === 'fx' && id !== 'USD').map(
  ({ id }) => id,
);
