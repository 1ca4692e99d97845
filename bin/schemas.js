// Writes the schemas of what a daemon sends, for the client: loading TypeBox for them would take half a second.
import { writeFile } from 'node:fs/promises';
import { EVENTS } from '../dist/src/protocol/events.js';
import { METHODS } from '../dist/src/protocol/methods.js';

const KNOWN = new Set([
  'type',
  'properties',
  'required',
  'items',
  'anyOf',
  'enum',
  'const',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
]);

/** @throws Error for a keyword that src/client/schema-check.ts does not check */
function bare(schema) {
  const { description, additionalProperties, ...rest } = schema;
  for (const keyword of Object.keys(rest)) {
    if (!KNOWN.has(keyword)) throw new Error(`src/client/schema-check.ts does not know "${keyword}".`);
  }
  return {
    ...rest,
    ...(rest.properties && { properties: mapped(rest.properties, bare) }),
    ...(rest.items && { items: bare(rest.items) }),
    ...(rest.anyOf && { anyOf: rest.anyOf.map(bare) }),
  };
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));
}

const schemas = {
  results: mapped(METHODS, ({ result }) => bare(result)),
  events: mapped(EVENTS, ({ params }) => bare(params)),
};
await writeFile(new URL('../dist/src/client/schemas.json', import.meta.url), JSON.stringify(schemas));
