/** The part of JSON Schema that src/protocol uses; `bin/schemas.js` rejects anything else. */
export interface JsonSchema {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'null';
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** The path of the first invalid value, such as `/quotes/0/at`, or `` for the root; undefined if valid. */
export type SchemaCheck = (value: unknown) => string | undefined;

const ROOT_PATH = '';
const VALID = undefined;

/**
 * Compiles a schema to a function. Unknown fields are ignored, because later versions of a daemon may add some
 * (docs/protocol.md, "Lines"). TypeBox would add half a second to the start of every command.
 */
export function compileCheck(schema: JsonSchema): SchemaCheck {
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
      return (value) => (typeof value === 'boolean' ? VALID : ROOT_PATH);
    case 'null':
      return (value) => (value === null ? VALID : ROOT_PATH);
    default:
      throw new TypeError(`A schema of type ${String(schema.type)} is not supported.`);
  }
}

function anyOf(checks: readonly SchemaCheck[]): SchemaCheck {
  return (value) => {
    for (const check of checks) if (check(value) === VALID) return VALID;
    return ROOT_PATH;
  };
}

function oneOf(values: readonly unknown[]): SchemaCheck {
  const known = new Set(values);
  return (value) => (known.has(value) ? VALID : ROOT_PATH);
}

function number({ minimum = -Infinity, maximum = Infinity }: JsonSchema, isKind: (v: unknown) => boolean): SchemaCheck {
  return (value) => (isKind(value) && (value as number) >= minimum && (value as number) <= maximum ? VALID : ROOT_PATH);
}

function string({ minLength = 0, maxLength = Infinity }: JsonSchema): SchemaCheck {
  return (value) =>
    typeof value === 'string' && value.length >= minLength && value.length <= maxLength ? VALID : ROOT_PATH;
}

function array({ items, minItems = 0, maxItems = Infinity }: JsonSchema): SchemaCheck {
  const check = compileCheck(items!);
  return (value) => {
    if (!Array.isArray(value) || value.length < minItems || value.length > maxItems) return ROOT_PATH;
    for (let i = 0; i < value.length; i++) {
      const path = check(value[i]);
      if (path !== VALID) return `/${i}${path}`;
    }
    return VALID;
  };
}

function object({ properties = {}, required = [] }: JsonSchema): SchemaCheck {
  const needed = new Set(required);
  const checks = Object.entries(properties).map(([name, schema]) => ({
    name,
    check: compileCheck(schema),
    isRequired: needed.has(name),
  }));
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return ROOT_PATH;
    for (let i = 0; i < checks.length; i++) {
      const { name, check, isRequired } = checks[i]!;
      const field = (value as Record<string, unknown>)[name];
      if (field === undefined && !isRequired) continue;
      const path = check(field);
      if (path !== VALID) return `/${name}${path}`;
    }
    return VALID;
  };
}
