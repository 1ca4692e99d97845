/**
 * Units of price. Weights are in grams: 1 tael (lượng, cây) = 10 chỉ = 37.5 g; 1 troy ounce = 31.1034768 g.
 * `coin` and `each` are no weights: one coin of a cryptocurrency, one unit of a foreign currency.
 */
export const UNITS = {
  tael: 37.5,
  chi: 3.75,
  ozt: 31.1034768,
  kg: 1000,
  g: 1,
  coin: undefined,
  each: undefined,
} as const;

export type Unit = keyof typeof UNITS;

export function isUnit(text: string): text is Unit {
  return Object.hasOwn(UNITS, text);
}

/** What a price per `from` is multiplied by to be a price per `to`; undefined where the two do not compare. */
export function unitFactor(from: Unit, to: Unit): number | undefined {
  if (from === to) return 1;
  const [a, b] = [UNITS[from], UNITS[to]];
  return a === undefined || b === undefined ? undefined : b / a;
}
