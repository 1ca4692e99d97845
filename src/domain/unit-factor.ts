import { UNITS, type Unit } from './unit.ts';

/** A mistake of unit or scale: a price per chỉ that passes for one per tael is 0.1 of what it should be. */
export interface UnitFactor {
  /** What the right price was multiplied by. */
  readonly factor: number;
  /** For people: what the price may be, and the option that says so. `per chỉ? --unit chi` */
  readonly hint: string;
}

/** How far a price may be from what a factor makes of its reference. */
const WINDOW = 0.2;
/** As near as this to the likelier mistakes, the others are not asked. */
const CERTAIN = 0.08;
/** Factors of less than this look like a price that moved: their window is narrow. */
const NEAR_ONE = 1.3;
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

/** A price per another unit than the instrument's. Powers of ten are not among them: `decimalFactor` makes those. */
const OWN_UNIT_FACTORS: Readonly<Record<Unit, readonly UnitFactor[]>> = {
  tael: weightFactors(['tael']),
  chi: weightFactors(['chi']),
  phan: weightFactors(['phan']),
  ozt: weightFactors(['ozt']),
  kg: weightFactors(['kg']),
  g: weightFactors(['g']),
  coin: [],
  each: [],
};
/** A price converted to the instrument's unit from one that it was not in: both may be other units than the instrument's. */
const CONVERTED_UNIT_FACTORS = weightFactors(['tael', 'chi', 'ozt', 'g']);

/**
 * The mistake that explains a ratio; undefined where none does.
 * @param ratio a price, divided by what it should be about
 * @param unit what the price is per
 * @param window how far the ratio may be from a power of ten, as 0.2 for 20 %; never less than that
 */
export function unitFactorNear(ratio: number, unit: Unit, window = WINDOW): UnitFactor | undefined {
  const decimals = 1 + Math.max(WINDOW, window);
  const best = nearer(
    ratio,
    decimalFactor(ratio, unit, 1 / decimals, decimals),
    nearestFactor(ratio, OWN_UNIT_FACTORS[unit], 1 / (1 + WINDOW), 1 + WINDOW, NEAR_ONE_WINDOW),
  );
  if (UNITS[unit] === undefined || (best && Math.abs(Math.log(ratio / best.factor)) < CERTAIN)) return best;
  return nearer(
    ratio,
    best,
    nearestFactor(ratio, CONVERTED_UNIT_FACTORS, 1 / (1 + WINDOW), 1 + WINDOW, NEAR_ONE_WINDOW),
  );
}

/**
 * The mistake without which a ratio would lie within `low` and `high` (which hold 1), the nearest to 1; undefined where
 * none brings it there.
 */
export function unitFactorInto(ratio: number, unit: Unit, low: number, high: number): UnitFactor | undefined {
  return nearer(
    ratio,
    decimalFactor(ratio, unit, low, high),
    nearestFactor(ratio, OWN_UNIT_FACTORS[unit], low, high, 0),
  );
}

/** Whether a ratio is near a power of ten, by a window as for `unitFactorNear`. */
export function decimalFactorNear(ratio: number, unit: Unit, window: number): UnitFactor | undefined {
  return decimalFactor(ratio, unit, 1 / (1 + window), 1 + window);
}

function nearestFactor(
  ratio: number,
  factors: readonly UnitFactor[],
  low: number,
  high: number,
  nearOneWindow: number,
): UnitFactor | undefined {
  let best: UnitFactor | undefined;
  for (const candidate of factors) {
    const rest = ratio / candidate.factor;
    const isNearOne = candidate.factor < NEAR_ONE && candidate.factor > 1 / NEAR_ONE;
    const isExplained = isNearOne ? Math.abs(Math.log(rest)) <= nearOneWindow : rest >= low && rest <= high;
    if (isExplained) best = nearer(ratio, best, candidate);
  }
  return best;
}

function nearer(ratio: number, a: UnitFactor | undefined, b: UnitFactor | undefined): UnitFactor | undefined {
  if (!a || !b) return a ?? b;
  return Math.abs(Math.log(ratio / b.factor)) < Math.abs(Math.log(ratio / a.factor)) ? b : a;
}

function decimalFactor(ratio: number, unit: Unit, low: number, high: number): UnitFactor | undefined {
  const exponent = Math.log10(ratio);
  const nearest = Math.round(exponent);
  const other = exponent < nearest ? nearest - 1 : nearest + 1;
  for (const candidate of [nearest, other]) {
    if (candidate === 0 || !(Math.abs(candidate) <= MAX_EXPONENT)) continue;
    const factor = powerOfTen(candidate);
    const rest = ratio / factor;
    if (rest >= low && rest <= high) return { factor, hint: decimalHint(candidate, unit) };
  }
  return undefined;
}

/** As the literal: `10 ** -5` is not 0.00001. */
function powerOfTen(exponent: number): number {
  return Number(`1e${exponent}`);
}

function decimalHint(exponent: number, unit: Unit): string {
  const grams = UNITS[unit];
  if (grams !== undefined) {
    const factor = powerOfTen(exponent);
    const other = WEIGHTS.find((weight) => Math.abs(UNITS[weight] / grams / factor - 1) < 1e-9);
    if (other) return `per ${WEIGHT_NAMES[other]}? --unit ${other}`;
    if (unit === 'tael' && exponent === 1) return 'per tael, not per chỉ? --unit tael';
  }
  const scale = `--scale ${Math.abs(exponent) <= 9 ? plainPower(-exponent) : `1e${-exponent}`}`;
  const name = SCALE_NAMES.get(exponent);
  if (name !== undefined) return `in ${name}? ${scale}`;
  if (exponent === 2) return `per 100? ${scale}`;
  const times = Math.abs(exponent) <= 9 ? groupedPower(Math.abs(exponent)) : `10^${Math.abs(exponent)}`;
  return `${times} times too ${exponent < 0 ? 'low' : 'high'}? ${scale}`;
}

/** `1000`, `0.001`. */
function plainPower(exponent: number): string {
  return exponent >= 0 ? `1${'0'.repeat(exponent)}` : `0.${'0'.repeat(-exponent - 1)}1`;
}

/** `1,000`. */
function groupedPower(exponent: number): string {
  return plainPower(exponent).replace(/(?<=\d)(?=(?:\d{3})+$)/g, ',');
}

/** What a price per another weight is of one per `stated`, for each of these. */
function weightFactors(stated: readonly (typeof WEIGHTS)[number][]): UnitFactor[] {
  const factors: UnitFactor[] = [];
  for (const from of stated) {
    for (const to of WEIGHTS) {
      const factor = UNITS[to] / UNITS[from];
      const exponent = Math.log10(factor);
      if (Math.abs(exponent - Math.round(exponent)) < 1e-9) continue;
      if (stated.length > 1 && !stated.includes(to)) continue;
      const not = stated.length > 1 ? `, not per ${WEIGHT_NAMES[from]}` : '';
      factors.push({ factor, hint: `per ${WEIGHT_NAMES[to]}${not}? --unit ${to}` });
    }
  }
  return factors;
}
