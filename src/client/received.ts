import { readFileSync } from 'node:fs';
import { type Check, compileCheck, type Schema } from './schema-check.ts';

/** What `bin/schemas.js` writes when goldctl is built: the schemas of src/protocol without their descriptions. */
interface Schemas {
  readonly results: Readonly<Record<string, Schema>>;
  readonly events: Readonly<Record<string, Schema>>;
}

const FILE = new URL('./schemas.json', import.meta.url);

let schemas: Schemas | undefined;
const checks = new Map<string, Check | undefined>();

/** As `Check`, for what a daemon answers to a method. Each schema is compiled when it is first needed. */
export function checkResult(method: string, result: unknown): string | undefined {
  return checkOf('results', method)?.(result);
}

/** As `Check`, for the params of an event. Events that this version does not know pass: nobody listens to them. */
export function checkEvent(event: string, params: unknown): string | undefined {
  return checkOf('events', event)?.(params);
}

function checkOf(kind: keyof Schemas, name: string): Check | undefined {
  const key = `${kind} ${name}`;
  const known = checks.get(key);
  if (known) return known;
  schemas ??= JSON.parse(readFileSync(FILE, 'utf8')) as Schemas;
  if (!Object.hasOwn(schemas[kind], name)) return undefined;
  const check = compileCheck(schemas[kind][name]!);
  checks.set(key, check);
  return check;
}
