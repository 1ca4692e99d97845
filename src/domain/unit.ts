import { foldForSearch } from './text.ts';

/**
 * Units of price. Weights are in grams: 1 tael (lượng, cây) = 10 chỉ = 100 phân = 37.5 g; 1 troy ounce = 31.1034768 g.
 * `coin` and `each` are not weights: one coin of a cryptocurrency, one unit of a foreign currency.
 */
export const GRAMS_PER_UNIT = {
  tael: 37.5,
  chi: 3.75,
  phan: 0.375,
  ozt: 31.1034768,
  kg: 1000,
  g: 1,
  coin: undefined,
  each: undefined,
} as const;

export type Unit = keyof typeof GRAMS_PER_UNIT;

/** Weights as in the precious metals trade: an ounce is a troy ounce, and a lạng (100 g elsewhere) is a lượng. */
const UNIT_ALIASES: Readonly<Partial<Record<Unit, readonly string[]>>> = {
  tael: ['taels', 'lượng', 'lạng', 'cây'],
  chi: ['chỉ'],
  phan: ['phân'],
  ozt: ['oz', 'oz t', 'troy oz', 'ounce', 'ounces', 'troy ounce', 'troy ounces'],
  kg: ['kilo', 'kilogram', 'kilograms', 'kilogramme', 'kilogam'],
  g: ['gr', 'gram', 'grams', 'gramme', 'gam'],
};

const UNITS_BY_NAME = new Map<string, Unit>();
for (const unit of Object.keys(GRAMS_PER_UNIT) as Unit[]) {
  for (const name of [unit, ...(UNIT_ALIASES[unit] ?? [])]) UNITS_BY_NAME.set(foldForSearch(name), unit);
}

const MAX_NAME_LENGTH = 64;

/** For messages: each unit with its most different alias. */
export const UNIT_NAMES = 'tael (lượng, cây), chi (chỉ), phan (phân), ozt (oz), kg, g, coin, each';

/** By name or alias; ignores case and accents. */
export function parseUnit(text: string): Unit | undefined {
  return text.length > MAX_NAME_LENGTH ? undefined : UNITS_BY_NAME.get(foldForSearch(text));
}

/** Multiply a price per `from` by this to get a price per `to`; undefined if the units are not comparable. */
export function unitConversionFactor(from: Unit, to: Unit): number | undefined {
  if (from === to) return 1;
  const [a, b] = [GRAMS_PER_UNIT[from], GRAMS_PER_UNIT[to]];
  return a === undefined || b === undefined ? undefined : b / a;
}
