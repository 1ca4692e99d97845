/** What src/protocol uses of JSON Schema; `bin/schemas.js` refuses to write anything else. */
export interface Schema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** The path of the first value that does not fit, as `/quotes/0/at`, and `` for the whole; undefined where all fit. */
export type Check = (value: unknown) => string | undefined;

const HERE = '';
const FITS = undefined;

/**
 * A schema as a function. Fields that the schema does not name are passed over: later versions of a daemon may add some
 * (docs/protocol.md, "Lines"). TypeBox itself would add half a second to the start of every command.
 */
export function compileCheck(schema: Schema): Check {
  if (schema.anyOf) return anyOf(schema.anyOf.map(compileCheck));
  if (schema.enum) return oneOf(schema.enum);
  if ('const' in schema) return oneOf([schema.const]);
  switch (schema.type) {
    case 'object':
      return object(schema);
    case 'array':
      return array(schema);
    case 'string':
      return string(schema);
    case 'integer':
      return number(schema, Number.isInteger);
    case 'number':
      return number(schema, Number.isFinite);
    case 'boolean':
      return (value) => (typeof value === 'boolean' ? FITS : HERE);
    case 'null':
      return (value) => (value === null ? FITS : HERE);
    default:
      throw new TypeError(`A schema of type ${String(schema.type)} is not supported.`);
  }
}

function anyOf(checks: readonly Check[]): Check {
  return (value) => {
    for (const check of checks) if (check(value) === FITS) return FITS;
    return HERE;
  };
}

function oneOf(values: readonly unknown[]): Check {
  const known = new Set(values);
  return (value) => (known.has(value) ? FITS : HERE);
}

function number({ minimum = -Infinity, maximum = Infinity }: Schema, isKind: (value: unknown) => boolean): Check {
  return (value) => (isKind(value) && (value as number) >= minimum && (value as number) <= maximum ? FITS : HERE);
}

function string({ minLength = 0, maxLength = Infinity }: Schema): Check {
  return (value) => (typeof value === 'string' && value.length >= minLength && value.length <= maxLength ? FITS : HERE);
}

function array({ items, minItems = 0, maxItems = Infinity }: Schema): Check {
  const check = compileCheck(items!);
  return (value) => {
    if (!Array.isArray(value) || value.length < minItems || value.length > maxItems) return HERE;
    for (let i = 0; i < value.length; i++) {
      const path = check(value[i]);
      if (path !== FITS) return `/${i}${path}`;
    }
    return FITS;
  };
}

function object({ properties = {}, required = [] }: Schema): Check {
  const needed = new Set(required);
  const checks = Object.entries(properties).map(([name, schema]) => ({
    name,
    check: compileCheck(schema),
    isRequired: needed.has(name),
  }));
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return HERE;
    for (let i = 0; i < checks.length; i++) {
      const { name, check, isRequired } = checks[i]!;
      const field = (value as Record<string, unknown>)[name];
      if (field === undefined && !isRequired) continue;
      const path = check(field);
      if (path !== FITS) return `/${name}${path}`;
    }
    return FITS;
  };
}
