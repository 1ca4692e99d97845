import { ERROR_CODES, type ErrorCode } from '../../src/domain/app-error.ts';
import { EVENTS } from '../../src/protocol/events.ts';
import type { Access, Method } from '../../src/protocol/method.ts';
import { METHODS, type MethodName } from '../../src/protocol/methods.ts';
import {
  CandleSchema,
  DirectMessageSchema,
  ListingSchema,
  PostSchema,
  QuoteSchema,
} from '../../src/protocol/schema.ts';
import { EVENT_EXAMPLES, EXAMPLES } from './examples.ts';

/** The subset of JSON Schema that the wire uses. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Objects in many results, by the description of their schema. Documented once. */
const SHAPES: Readonly<Record<string, { title: string; schema: Schema }>> = {
  'a quote': { title: 'Quote', schema: QuoteSchema as Schema },
  'a candle': { title: 'Candle', schema: CandleSchema as Schema },
  'a post': { title: 'Post', schema: PostSchema as Schema },
  'a listing': { title: 'Listing', schema: ListingSchema as Schema },
  'a direct message': { title: 'Message', schema: DirectMessageSchema as Schema },
};

const ACCESS: Readonly<Record<Access, string>> = {
  anyone: 'anyone',
  reader: 'signed-in members, and the control socket',
  member: 'signed-in members',
  owner: 'the owner, and the control socket',
};

const GROUPS: readonly (readonly [title: string, is: (name: string) => boolean])[] = [
  ['Connection', (name) => ['hello', 'watch', 'sum'].includes(name)],
  ['Accounts', (name) => name.startsWith('account.')],
  ['Rates', (name) => name.startsWith('rates.')],
  ['Forum', (name) => name.startsWith('forum.')],
  ['Direct messages', (name) => name.startsWith('messages.')],
  ['Files', (name) => name.startsWith('files.')],
  ['Peers', (name) => name.startsWith('peer.')],
  ['Members', (name) => name.startsWith('members.')],
  ['Administration', (name) => name.startsWith('admin.')],
];

/** The generated sections of docs/protocol.md, by the name of their markers. */
export const SECTIONS: Readonly<Record<string, () => string>> = { failures, methods, shapes, events };

/** Regenerates the sections. Throws if a marker is missing. */
export function withSections(document: string): string {
  let text = document;
  for (const [name, render] of Object.entries(SECTIONS)) {
    const [begin, end] = [`<!-- ${name}: npm run docs -->`, `<!-- /${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`docs/protocol.md needs ${begin} and ${end}`);
    text = `${text.slice(0, from + begin.length)}\n${render()}\n${text.slice(to)}`;
  }
  return text;
}

function failures(): string {
  const rows = Object.entries(ERROR_CODES).map(([code, { status, exit, message }]) => [
    String(status),
    `\`${code}\``,
    message,
    String(exit),
  ]);
  return table(['code', 'reason', 'default message', 'exit status'], rows);
}

function methods(): string {
  const names = Object.keys(METHODS) as MethodName[];
  const left = names.filter((name) => !GROUPS.some(([, is]) => is(name)));
  if (left.length > 0) throw new Error(`no group in test/protocol/reference.ts for ${left.join(', ')}`);
  return GROUPS.map(([title, is]) => [`### ${title}`, ...names.filter(is).map(methodSection)].join('\n\n')).join(
    '\n\n',
  );
}

function methodSection(name: MethodName): string {
  const { access, summary, params, result, errors = [] } = METHODS[name] as Method;
  const { params: given, result: answer } = EXAMPLES[name];
  const lines = [`#### ${name}`, '', summary, '', `Allowed for: ${ACCESS[access]}.`];
  const wanted = fields(params as Schema, '');
  if (wanted.length === 0) lines.push('', 'No parameters.');
  else lines.push('', table(['parameter', 'type', 'required', 'meaning'], wanted));
  const told = fields(result as Schema, '').map(([field, type, , meaning]) => [field!, type!, meaning!]);
  if (told.length === 0) lines.push('', 'Result: `{}`.');
  else lines.push('', table(['result', 'type', 'meaning'], told));
  if (errors.length > 0) {
    const listed = errors.map((code) => `\`${code}\` ${ERROR_CODES[code as ErrorCode].status}`);
    lines.push('', `Errors: ${listed.join(', ')}, and the errors of every call.`);
  }
  lines.push(
    '',
    '```json',
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: name, params: given }),
    JSON.stringify({ jsonrpc: '2.0', id: 1, result: answer }),
    '```',
  );
  return lines.join('\n');
}

function shapes(): string {
  return Object.values(SHAPES)
    .map(({ title, schema }) => {
      const rows = fields(schema, '').map(([field, type, , meaning]) => [field!, type!, meaning!]);
      return [`### ${title}`, '', table(['field', 'type', 'meaning'], rows)].join('\n');
    })
    .join('\n\n');
}

function events(): string {
  return (Object.keys(EVENTS) as (keyof typeof EVENTS)[])
    .map((name) => {
      const { summary, params } = EVENTS[name];
      const rows = fields(params as Schema, '').map(([field, type, required, meaning]) => [
        field!,
        required === 'yes' ? type! : `${type} (may be missing)`,
        meaning!,
      ]);
      const example = JSON.stringify({ jsonrpc: '2.0', method: name, params: EVENT_EXAMPLES[name] });
      return [
        `### ${name}`,
        '',
        summary,
        '',
        table(['field', 'type', 'meaning'], rows),
        '',
        '```json',
        example,
        '```',
      ].join('\n');
    })
    .join('\n\n');
}

/** Rows of `name, type, required, meaning`; the fields of an object follow it, under their full names. */
function fields(schema: Schema, prefix: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    const row = [`\`${path}\``, typeOf(field), schema.required?.includes(name) ? 'yes' : '', meaningOf(field)];
    if (shapeOf(field) ?? (field.items && shapeOf(field.items))) return [row];
    if (field.items?.properties) return [row, ...fields(field.items, `${path}[].`)];
    return [row, ...fields(field, `${path}.`)];
  });
}

function typeOf(schema: Schema): string {
  const shape = shapeOf(schema);
  if (shape) return `[${shape}](#${shape.toLowerCase()})`;
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  switch (schema.type) {
    case 'array': {
      const size = schema.maxItems === undefined ? '' : `, ${range(schema.minItems ?? 0, schema.maxItems)}`;
      return `list of ${typeOf(schema.items ?? {})}${size}`;
    }
    case 'integer':
      return `whole number${bounds(schema.minimum, schema.maximum)}`;
    case 'string':
      return schema.maxLength === undefined ? 'text' : `text, ${range(schema.minLength ?? 0, schema.maxLength)}`;
    case 'boolean':
      return 'true or false';
    default:
      return schema.type ?? 'anything';
  }
}

/** The description of a union is stored in one of its parts. */
function meaningOf(schema: Schema): string {
  const said = schema.description ?? schema.anyOf?.find((part) => part.description !== undefined)?.description ?? '';
  return Object.hasOwn(SHAPES, said) ? '' : said;
}

function shapeOf({ description = '' }: Schema): string | undefined {
  return Object.hasOwn(SHAPES, description) ? SHAPES[description]!.title : undefined;
}

function bounds(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum === undefined) return '';
  return maximum === undefined ? ` from ${number(minimum)}` : `, ${range(minimum, maximum)}`;
}

const range = (from: number, to: number) => `${number(from)}-${number(to)}`;
const number = (value: number) => value.toLocaleString('en-US');

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}
