import { fold, plain } from '../domain/fold.ts';
import { isSilver, MARKETS, type Market } from '../domain/instrument.ts';
import { parseUnit, UNIT_NAMES } from '../domain/unit.ts';
import type { Params } from '../protocol/methods.ts';

export const SERIES_FIELDS = ['instrument', 'market', 'provider', 'company', 'brand', 'currency', 'unit'] as const;
export type SeriesField = (typeof SERIES_FIELDS)[number];

/** What a file or a command line says of a series, unchecked; empty texts say nothing. */
export type SeriesFields = Readonly<Partial<Record<SeriesField, string>>>;

/** What `rates.import` is told beside the rows. */
export type Series = Omit<Params<'rates.import'>, 'rows'>;

const LONGEST = { instrument: 128, provider: 64, company: 128, brand: 128 } as const;

/** The series that the texts mean, or why they mean none. */
export function seriesOf(fields: SeriesFields): Series | string {
  const given = (field: SeriesField) => fields[field]?.trim() || undefined;
  for (const field of ['instrument', 'provider', 'company', 'brand'] as const) {
    if ((given(field)?.length ?? 0) > LONGEST[field]) return `its ${field} is longer than ${LONGEST[field]} characters`;
  }
  const instrument = given('instrument');
  if (instrument === undefined) return 'it names no instrument (--instrument names one for all lines)';
  const market = given('market')?.toLowerCase();
  if (market !== undefined && !(MARKETS as readonly string[]).includes(market)) {
    return `its market "${shown(market)}" is none of ${MARKETS.join(', ')}`;
  }
  if (market === 'gold' && isSilver(instrument) && !/\b(?:gold|vang)\b/.test(fold(instrument))) {
    return `"${shown(instrument)}" is silver by its name, and not of the market gold: use the market silver (--market silver)`;
  }
  const unitText = given('unit');
  const unit = parseUnit(unitText ?? '');
  if (unitText !== undefined && unit === undefined) {
    return `its unit "${shown(unitText)}" is none of ${UNIT_NAMES}`;
  }
  const currency = given('currency')?.toUpperCase();
  if (currency !== undefined && !/^[A-Z0-9]{3,5}$/.test(currency)) {
    return `its currency "${shown(currency)}" is no code of three to five letters or digits`;
  }
  const [provider, company, brand] = [given('provider'), given('company'), given('brand')];
  return {
    instrument,
    ...(market === undefined ? {} : { market: market as Market }),
    ...(provider === undefined ? {} : { provider }),
    ...(company === undefined ? {} : { company }),
    ...(brand === undefined ? {} : { brand }),
    ...(currency === undefined ? {} : { currency }),
    ...(unit === undefined ? {} : { unit }),
  };
}

/** A text of a file as it may stand in a message. */
export function shown(text: string): string {
  const safe = plain(text.slice(0, 200));
  return safe.length > 40 ? `${safe.slice(0, 40)}…` : safe;
}
