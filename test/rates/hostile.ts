import fc from 'fast-check';

/** Unexpected bodies: any text, any JSON, and a valid body with one value exchanged. */
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

/** The JSON text `good` with its value number `place` (modulo their count) exchanged for another. */
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

const STRANGE = ['', '-', '0', '1e999', '-1', '&lt;', '&#0;', '\u202e1', '9'.repeat(60), '__proto__', 'NaN', '1,2,3'];
const NAMES = ['__proto__', 'constructor', 'hasOwnProperty', 'Row', 'LED', 'GoldList', 'city', 'item', 'a'];

/** Valid XML with an attribute exchanged, a name exchanged, a piece removed, or a piece of XML inserted. */
export function hostileXml(good: string): fc.Arbitrary<string> {
  const strange = fc.oneof(fc.constantFrom(...STRANGE), fc.string({ unit: 'binary' }));
  return fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.constantFrom('<', '>', '/', '"', "'", '=', ' ', '!', '--', '[CDATA[', ']]', '?', '&', 'a', ';'), {
        maxLength: 60,
      })
      .map((parts) => parts.join('')),
    fc.tuple(fc.nat(), strange).map(([place, value]) => {
      const values = [...good.matchAll(/(["'])[^"']*\1/g)];
      const { index, 0: old } = values[place % values.length]!;
      return `${good.slice(0, index)}"${value.replaceAll('"', '')}"${good.slice(index + old.length)}`;
    }),
    fc
      .tuple(fc.constantFrom(...(good.match(/\w+(?==|>|\s)/g) ?? [])), fc.constantFrom(...NAMES))
      .map(([from, to]) => good.replaceAll(from, to)),
    fc.tuple(fc.nat(good.length), fc.nat(good.length)).map(([from, to]) => good.slice(0, from) + good.slice(to)),
    fc
      .tuple(fc.nat(good.length), fc.constantFrom(...NAMES), strange)
      .map(
        ([at, name, value]) => `${good.slice(0, at)}<${name} ${name}="${value}">${value}</${name}>${good.slice(at)}`,
      ),
  );
}

/** JSON objects with names of Object.prototype properties in place of an expected one. */
function renamed(good: string): fc.Arbitrary<string> {
  const names = [...new Set(good.match(/"[^"]+"(?=:)/g))];
  return fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(...NAMES))
    .map(([from, to]) => good.replaceAll(from, JSON.stringify(to)));
}

/** Hostile bodies for a provider of JSON. */
export function ofJson(body: string): fc.Arbitrary<string> {
  const good = body.replace(/^\s+/, '');
  return fc.oneof({ weight: 3, arbitrary: hostileBody(good) }, { weight: 1, arbitrary: renamed(good) });
}
