import { defined } from '../domain/defined.ts';
import { isSilverName, MARKETS, type Market } from '../domain/instrument.ts';
import { foldForSearch, sanitizeText } from '../domain/text.ts';
import { parseUnit, UNIT_NAMES } from '../domain/unit.ts';
import type { MethodParams } from '../protocol/methods.ts';

export const SERIES_FIELDS = ['instrument', 'market', 'provider', 'company', 'brand', 'currency', 'unit'] as const;
export type SeriesField = (typeof SERIES_FIELDS)[number];

/** Unvalidated texts that describe a series; empty texts are ignored. */
export type SeriesTexts = Readonly<Partial<Record<SeriesField, string>>>;

/** The parameters of `rates.import` besides the rows. */
export type ImportSeries = Omit<MethodParams<'rates.import'>, 'rows'>;

const MAX_LENGTHS = { instrument: 128, provider: 64, company: 128, brand: 128 } as const;

/** Validates the texts. @returns the series, or why they are invalid */
export function parseImportSeries(fields: SeriesTexts): ImportSeries | string {
  const given = (field: SeriesField) => fields[field]?.trim() || undefined;
  for (const field of ['instrument', 'provider', 'company', 'brand'] as const) {
    if ((given(field)?.length ?? 0) > MAX_LENGTHS[field])
      return `its ${field} is longer than ${MAX_LENGTHS[field]} characters`;
  }
  const instrument = given('instrument');
  if (instrument === undefined) return 'it has no instrument (--instrument sets one for all lines)';
  const market = given('market')?.toLowerCase();
  if (market !== undefined && !(MARKETS as readonly string[]).includes(market)) {
    return `its market "${excerpt(market)}" is not one of ${MARKETS.join(', ')}`;
  }
  if (market === 'gold' && isSilverName(instrument) && !/\b(?:gold|vang)\b/.test(foldForSearch(instrument))) {
    return `"${excerpt(instrument)}" is silver by its name: use the market silver (--market silver)`;
  }
  const unitText = given('unit');
  const unit = parseUnit(unitText ?? '');
  if (unitText !== undefined && unit === undefined) {
    return `its unit "${excerpt(unitText)}" is not one of ${UNIT_NAMES}`;
  }
  const currency = given('currency')?.toUpperCase();
  if (currency !== undefined && !/^[A-Z0-9]{3,5}$/.test(currency)) {
    return `its currency "${excerpt(currency)}" is not a code of three to five letters or digits`;
  }
  const [provider, company, brand] = [given('provider'), given('company'), given('brand')];
  return {
    instrument,
    ...(market === undefined ? {} : { market: market as Market }),
    ...defined({ provider, company, brand, currency, unit }),
  };
}

/** Sanitizes and shortens a text of a file for use in a message. */
export function excerpt(text: string): string {
  const safe = sanitizeText(text.slice(0, 200));
  return safe.length > 40 ? `${safe.slice(0, 40)}…` : safe;
}
