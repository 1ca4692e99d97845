import type { JsonSchema } from '../../src/client/schema-check.ts';

/** The choices from which values are generated. */
export interface Material {
  /** For each string. */
  readonly text: (path: string) => string;
  /** Picks one of several; deterministic across calls. */
  readonly pick: <T>(choices: readonly T[]) => T;
  /** The value of every scalar, whatever the schema requires. */
  readonly leaf?: unknown;
  /** Maximum length of each list. Default 2. */
  readonly items?: number;
}

/** A valid value of a schema. */
export function fitting(schema: JsonSchema, material: Material, path = ''): unknown {
  if (schema.anyOf && material.leaf !== undefined) return fitting(schema.anyOf[0]!, material, path);
  if (material.leaf !== undefined && schema.type !== 'object' && schema.type !== 'array') return material.leaf;
  if (schema.anyOf) return fitting(material.pick(schema.anyOf), material, path);
  if (schema.enum) return material.pick(schema.enum);
  if ('const' in schema) return schema.const;
  switch (schema.type) {
    case 'object': {
      const names = Object.keys(schema.properties ?? {});
      const kept = names.filter((name) => schema.required?.includes(name) || material.pick([true, true, false]));
      return Object.fromEntries(
        kept.map((name) => [name, fitting(schema.properties![name]!, material, `${path}/${name}`)]),
      );
    }
    case 'array': {
      const length = material.leaf === undefined ? material.pick([schema.minItems ?? 0, 1, material.items ?? 2]) : 1;
      return Array.from({ length }, () => fitting(schema.items!, material, `${path}/*`));
    }
    case 'string':
      return material.text(path).slice(0, schema.maxLength);
    case 'integer':
      return material.pick([schema.minimum ?? -3, schema.maximum ?? 7, Math.max(schema.minimum ?? 0, 1)]);
    case 'number':
      return material.pick([schema.minimum ?? -2.5, schema.maximum ?? 1e15, Math.max(schema.minimum ?? 0, 1.5)]);
    case 'boolean':
      return material.pick([true, false]);
    default:
      return null;
  }
}

const WRONG = [undefined, null, true, 0.5, -1, 1e300, 'text', [], {}, ['text'], { text: 1 }];

/** The value with each of its parts in turn replaced by one of another type. */
export function* mutations(value: unknown): Generator<unknown> {
  yield* WRONG;
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) for (const other of mutations(item)) yield value.with(i, other);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, field] of Object.entries(value)) {
      for (const other of mutations(field)) yield { ...value, [name]: other };
    }
  }
}

/** A deterministic generator of small integers for a seed. */
export function picker(seed: number): Material['pick'] {
  let state = seed;
  return (choices) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return choices[Math.floor((state / 2 ** 32) * choices.length)]!;
  };
}
