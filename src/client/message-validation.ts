import { readFileSync } from 'node:fs';
import { compileCheck, type JsonSchema, type SchemaCheck } from './schema-check.ts';

/** Written by `bin/schemas.js` at build time: the schemas of src/protocol without descriptions. */
interface ProtocolSchemas {
  readonly results: Readonly<Record<string, JsonSchema>>;
  readonly events: Readonly<Record<string, JsonSchema>>;
}

const SCHEMAS_FILE = new URL('./schemas.json', import.meta.url);

let schemas: ProtocolSchemas | undefined;
const checks = new Map<string, SchemaCheck | undefined>();

/** As `SchemaCheck`, for a result. Each schema is compiled on first use. */
export function validateResult(method: string, result: unknown): string | undefined {
  return findCheck('results', method)?.(result);
}

/** As `SchemaCheck`, for the params of an event. Unknown events are valid: nobody listens to them. */
export function validateEvent(event: string, params: unknown): string | undefined {
  return findCheck('events', event)?.(params);
}

function findCheck(kind: keyof ProtocolSchemas, name: string): SchemaCheck | undefined {
  const key = `${kind} ${name}`;
  const known = checks.get(key);
  if (known) return known;
  schemas ??= JSON.parse(readFileSync(SCHEMAS_FILE, 'utf8')) as ProtocolSchemas;
  if (!Object.hasOwn(schemas[kind], name)) return undefined;
  const check = compileCheck(schemas[kind][name]!);
  checks.set(key, check);
  return check;
}
