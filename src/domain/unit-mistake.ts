import { GRAMS_PER_UNIT, type Unit } from './unit.ts';

/** A wrong unit or scale: a price per chỉ that is labelled as per tael is 0.1 of the correct price. */
export interface UnitMistake {
  /** The given price divided by the correct price. */
  readonly factor: number;
  /** Likely meaning and the option for it: `per chỉ? --unit chi` */
  readonly hint: string;
}

/** Maximum deviation of a price from its reference times the factor. */
const FACTOR_WINDOW = 0.2;
/** If a likelier mistake is this close, the others are not tried. */
const CERTAIN_LOG_DISTANCE = 0.08;
/** Factors below this look like a price movement, so their window is narrow. */
const NEAR_ONE_FACTOR = 1.3;
const NEAR_ONE_WINDOW = 0.015;
const MAX_EXPONENT = 18;

const WEIGHTS = ['phan', 'chi', 'g', 'ozt', 'tael', 'kg'] as const satisfies readonly Unit[];
const WEIGHT_NAMES = { tael: 'tael', chi: 'chỉ', phan: 'phân', ozt: 'troy ounce', kg: 'kilogram', g: 'gram' };
const SCALE_NAMES: ReadonlyMap<number, string> = new Map([
  [-2, 'hundreds'],
  [-3, 'thousands'],
  [-6, 'millions'],
  [-9, 'billions'],
]);

/** The price is per another unit than the instrument's. Without powers of ten: see `findScaleMistake`. */
const OWN_UNIT_MISTAKES: Readonly<Record<Unit, readonly UnitMistake[]>> = {
  tael: weightMistakes(['tael']),
  chi: weightMistakes(['chi']),
  phan: weightMistakes(['phan']),
  ozt: weightMistakes(['ozt']),
  kg: weightMistakes(['kg']),
  g: weightMistakes(['g']),
  coin: [],
  each: [],
};
/** The price was converted to the instrument's unit from the wrong unit; both can differ from the instrument's. */
const CONVERTED_UNIT_MISTAKES = weightMistakes(['tael', 'chi', 'ozt', 'g']);

/**
 * The mistake that explains a ratio; undefined if none does.
 * @param ratio a price divided by its expected value
 * @param unit of the price
 * @param window maximum deviation from a power of ten, 0.2 for 20 %; at least that
 */
export function findUnitMistakeNear(ratio: number, unit: Unit, window = FACTOR_WINDOW): UnitMistake | undefined {
  const decimals = 1 + Math.max(FACTOR_WINDOW, window);
  const best = nearerMistake(
    ratio,
    findScaleMistake(ratio, unit, 1 / decimals, decimals),
    nearestMistake(ratio, OWN_UNIT_MISTAKES[unit], 1 / (1 + FACTOR_WINDOW), 1 + FACTOR_WINDOW, NEAR_ONE_WINDOW),
  );
  if (GRAMS_PER_UNIT[unit] === undefined || (best && Math.abs(Math.log(ratio / best.factor)) < CERTAIN_LOG_DISTANCE))
    return best;
  return nearerMistake(
    ratio,
    best,
    nearestMistake(ratio, CONVERTED_UNIT_MISTAKES, 1 / (1 + FACTOR_WINDOW), 1 + FACTOR_WINDOW, NEAR_ONE_WINDOW),
  );
}

/** The mistake whose correction brings a ratio between `low` and `high`, and closest to 1; undefined if none does. */
export function findUnitMistakeWithin(ratio: number, unit: Unit, low: number, high: number): UnitMistake | undefined {
  return nearerMistake(
    ratio,
    findScaleMistake(ratio, unit, low, high),
    nearestMistake(ratio, OWN_UNIT_MISTAKES[unit], low, high, 0),
  );
}

/** Tries powers of ten only. @param window as for `findUnitMistakeNear` */
export function findScaleMistakeNear(ratio: number, unit: Unit, window: number): UnitMistake | undefined {
  return findScaleMistake(ratio, unit, 1 / (1 + window), 1 + window);
}

function nearestMistake(
  ratio: number,
  mistakes: readonly UnitMistake[],
  low: number,
  high: number,
  nearOneWindow: number,
): UnitMistake | undefined {
  let best: UnitMistake | undefined;
  for (const candidate of mistakes) {
    const remaining = ratio / candidate.factor;
    const isNearOne = candidate.factor < NEAR_ONE_FACTOR && candidate.factor > 1 / NEAR_ONE_FACTOR;
    const isExplained = isNearOne
      ? Math.abs(Math.log(remaining)) <= nearOneWindow
      : remaining >= low && remaining <= high;
    if (isExplained) best = nearerMistake(ratio, best, candidate);
  }
  return best;
}

function nearerMistake(ratio: number, a: UnitMistake | undefined, b: UnitMistake | undefined): UnitMistake | undefined {
  if (!a || !b) return a ?? b;
  return Math.abs(Math.log(ratio / b.factor)) < Math.abs(Math.log(ratio / a.factor)) ? b : a;
}

function findScaleMistake(ratio: number, unit: Unit, low: number, high: number): UnitMistake | undefined {
  const exponent = Math.log10(ratio);
  const nearest = Math.round(exponent);
  const other = exponent < nearest ? nearest - 1 : nearest + 1;
  for (const candidate of [nearest, other]) {
    if (candidate === 0 || !(Math.abs(candidate) <= MAX_EXPONENT)) continue;
    const factor = powerOfTen(candidate);
    const remaining = ratio / factor;
    if (remaining >= low && remaining <= high) return { factor, hint: scaleHint(candidate, unit) };
  }
  return undefined;
}

/** Exact, unlike `10 ** -5`, which is not 0.00001. */
function powerOfTen(exponent: number): number {
  return Number(`1e${exponent}`);
}

function scaleHint(exponent: number, unit: Unit): string {
  const grams = GRAMS_PER_UNIT[unit];
  if (grams !== undefined) {
    const factor = powerOfTen(exponent);
    const other = WEIGHTS.find((weight) => Math.abs(GRAMS_PER_UNIT[weight] / grams / factor - 1) < 1e-9);
    if (other) return `per ${WEIGHT_NAMES[other]}? --unit ${other}`;
    if (unit === 'tael' && exponent === 1) return 'per tael, not per chỉ? --unit tael';
  }
  const scale = `--scale ${Math.abs(exponent) <= 9 ? formatPowerOfTen(-exponent) : `1e${-exponent}`}`;
  const name = SCALE_NAMES.get(exponent);
  if (name !== undefined) return `in ${name}? ${scale}`;
  if (exponent === 2) return `per 100? ${scale}`;
  const times = Math.abs(exponent) <= 9 ? formatGroupedPowerOfTen(Math.abs(exponent)) : `10^${Math.abs(exponent)}`;
  return `${times} times too ${exponent < 0 ? 'low' : 'high'}? ${scale}`;
}

/** `1000`, `0.001`. */
function formatPowerOfTen(exponent: number): string {
  return exponent >= 0 ? `1${'0'.repeat(exponent)}` : `0.${'0'.repeat(-exponent - 1)}1`;
}

/** `1,000`. */
function formatGroupedPowerOfTen(exponent: number): string {
  return formatPowerOfTen(exponent).replace(/(?<=\d)(?=(?:\d{3})+$)/g, ',');
}

/** The factors of prices per another weight than each of `stated`. */
function weightMistakes(stated: readonly (typeof WEIGHTS)[number][]): UnitMistake[] {
  const mistakes: UnitMistake[] = [];
  for (const from of stated) {
    for (const to of WEIGHTS) {
      const factor = GRAMS_PER_UNIT[to] / GRAMS_PER_UNIT[from];
      const exponent = Math.log10(factor);
      if (Math.abs(exponent - Math.round(exponent)) < 1e-9) continue;
      if (stated.length > 1 && !stated.includes(to)) continue;
      const contrast = stated.length > 1 ? `, not per ${WEIGHT_NAMES[from]}` : '';
      mistakes.push({ factor, hint: `per ${WEIGHT_NAMES[to]}${contrast}? --unit ${to}` });
    }
  }
  return mistakes;
}
