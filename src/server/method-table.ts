import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { AppError } from '../domain/app-error.ts';
import { sanitizeText } from '../domain/text.ts';
import { describeSchemaError } from '../protocol/describe-schema-error.ts';
import type { Access } from '../protocol/method.ts';
import { METHODS, type MethodName } from '../protocol/methods.ts';
import { CallCounts } from './call-counts.ts';
import { ParsedCallCache } from './parsed-call-cache.ts';
import { WORK_UNITS } from './work-budget.ts';

/** A result that is JSON text already. */
export class PreEncodedResult {
  readonly json: string;
  readonly isAscii: boolean;

  constructor(json: string) {
    this.json = json;
    this.isAscii = Buffer.byteLength(json) === json.length;
  }
}

export interface CompiledMethod {
  readonly access: Access;
  readonly validator: Validator<Record<never, never>, TSchema>;
  readonly handle: (params: never, session: never) => unknown;
}

export interface MethodTable {
  readonly methods: ReadonlyMap<string, CompiledMethod>;
  readonly parsedCalls: ParsedCallCache<CompiledMethod>;
  readonly callCounts: CallCounts;
}

/** Compiles the schemas once. */
export function compileMethodTable(handlers: Readonly<Record<MethodName, CompiledMethod['handle']>>): MethodTable {
  const methods = new Map(
    Object.entries(METHODS).map(([name, { access, params }]) => [
      name,
      {
        access,
        validator: Compile(params as TSchema),
        handle: handlers[name as MethodName],
      },
    ]),
  );
  return { methods, parsedCalls: new ParsedCallCache(), callCounts: new CallCounts((method) => methods.has(method)) };
}

/** Calls that change the caller's identity: later lines of the chunk run as that member. */
export const AUTH_METHODS: ReadonlySet<string> = new Set<MethodName>([
  'account.signUp',
  'account.signIn',
  'account.resume',
  'account.signOut',
]);

/** Calls that answer with pages of megabytes: one at a time, or a slow reader would be dropped. */
export const EXCLUSIVE_METHODS: ReadonlySet<string> = new Set<MethodName>([
  'account.export',
  'files.discover',
  'files.find',
  'forum.read',
  'forum.revisions',
  'forum.search',
  'forum.topics',
  'messages.conversations',
  'messages.read',
  'rates.export',
  'rates.history',
]);

/** Calls that clients make without user action: they do not count as activity. */
export const BACKGROUND_METHODS: ReadonlySet<string> = new Set<MethodName>([
  'watch',
  'members.active',
  'rates.providers',
  'forum.topics',
  'forum.markRead',
  'messages.conversations',
  'messages.markRead',
  'peer.register',
  'peer.connect',
]);

/** Calls that scan many records. */
export const SCAN_METHODS: ReadonlySet<string> = new Set<MethodName>([
  ...(EXCLUSIVE_METHODS as ReadonlySet<MethodName>),
  'account.list',
  'admin.backup',
  'forum.markRead',
  'messages.markRead',
  'rates.imports',
  'rates.lookup',
  'rates.trends',
]);

/** Cost of calls in addition to their line. */
export const EXTRA_WORK_UNITS: ReadonlyMap<string, number> = new Map<string, number>([
  ...[...SCAN_METHODS].map((method) => [method, WORK_UNITS.scan] as const),
  ...(['account.signUp', 'account.signIn', 'account.changePassword'] satisfies MethodName[]).map(
    (method) => [method, WORK_UNITS.password] as const,
  ),
]);

/** Names the first parameter that is unknown, missing or invalid. */
export function invalidParamsError(validator: CompiledMethod['validator'], params: unknown): AppError {
  const [first] = validator.Errors(params).filter((error) => error.keyword !== 'boolean');
  const unknown = (first?.params as { additionalProperties?: string[] } | undefined)?.additionalProperties?.[0];
  const missing = (first?.params as { requiredProperties?: string[] } | undefined)?.requiredProperties?.[0];
  const path = `${first?.instancePath ?? ''}${(unknown ?? missing) ? `/${unknown ?? missing}` : ''}` || '/';
  const message =
    unknown !== undefined
      ? `Unknown parameter "${sanitizeText(unknown).slice(0, 64)}".`
      : missing !== undefined
        ? `The parameter "${missing}" is missing.`
        : first !== undefined
          ? describeSchemaError(first, validator.Type(), params)
          : 'A parameter is not valid.';
  return new AppError('INVALID_PARAMS', message, { data: { path } });
}
