import { fold } from './fold.ts';

/**
 * Units of price. Weights are in grams: 1 tael (lượng, cây) = 10 chỉ = 100 phân = 37.5 g; 1 troy ounce = 31.1034768 g.
 * `coin` and `each` are no weights: one coin of a cryptocurrency, one unit of a foreign currency.
 */
export const UNITS = {
  tael: 37.5,
  chi: 3.75,
  phan: 0.375,
  ozt: 31.1034768,
  kg: 1000,
  g: 1,
  coin: undefined,
  each: undefined,
} as const;

export type Unit = keyof typeof UNITS;

/**
 * What people and files call the units besides their own names. Weights are those of the trade in precious metals: an
 * ounce is a troy ounce, and a lạng, which is 100 g elsewhere, is a lượng.
 */
const ALIASES: Readonly<Partial<Record<Unit, readonly string[]>>> = {
  tael: ['taels', 'lượng', 'lạng', 'cây'],
  chi: ['chỉ'],
  phan: ['phân'],
  ozt: ['oz', 'oz t', 'troy oz', 'ounce', 'ounces', 'troy ounce', 'troy ounces'],
  kg: ['kilo', 'kilogram', 'kilograms', 'kilogramme', 'kilogam'],
  g: ['gr', 'gram', 'grams', 'gramme', 'gam'],
};

const BY_NAME = new Map<string, Unit>();
for (const unit of Object.keys(UNITS) as Unit[]) {
  for (const name of [unit, ...(ALIASES[unit] ?? [])]) BY_NAME.set(fold(name), unit);
}

const MAX_NAME_LENGTH = 64;

/** The units as messages list them, each with the name that differs most from its own. */
export const UNIT_NAMES = 'tael (lượng, cây), chi (chỉ), phan (phân), ozt (oz), kg, g, coin, each';

/** The unit of that name or alias, whatever its case and accents; undefined when there is none. */
export function parseUnit(text: string): Unit | undefined {
  return text.length > MAX_NAME_LENGTH ? undefined : BY_NAME.get(fold(text));
}

/** What a price per `from` is multiplied by to be a price per `to`; undefined where the two do not compare. */
export function unitFactor(from: Unit, to: Unit): number | undefined {
  if (from === to) return 1;
  const [a, b] = [UNITS[from], UNITS[to]];
  return a === undefined || b === undefined ? undefined : b / a;
}
