import fc from 'fast-check';

/** Bodies that a provider never meant to send: any text, any JSON, and a good body with one value exchanged. */
export function hostileBody(good: string): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.tuple(fc.nat(), strange).map(([place, value]) => exchange(good, place, value)),
    fc.tuple(fc.nat(good.length), fc.nat(good.length)).map(([from, to]) => good.slice(0, from) + good.slice(to)),
  );
}

const strange = fc.oneof(
  fc.jsonValue(),
  fc.double(),
  fc.constantFrom('', '-', '0', '-1', '1e999', '1,2,3', 'NaN', '１２３', '2021-02-30', '9'.repeat(60), '\u202e1', null),
);

/** The JSON text `good` with its value number `place` (counted round and round) exchanged for another. */
function exchange(good: string, place: number, value: unknown): string {
  const count = countValues(JSON.parse(good));
  let left = place % count;
  return JSON.stringify(JSON.parse(good), function (this: unknown, _key, old: unknown) {
    left -= 1;
    return left === -1 ? value : old;
  });
}

function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, inner) => sum + countValues(inner), 1);
}
