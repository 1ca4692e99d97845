import { isSecretName } from '../domain/secrets.ts';

/** Field names whose values are never logged, at any depth; others are recognized by their form. */
export const SECRET_FIELD_NAMES = [
  'password',
  'newPassword',
  'token',
  'key',
  'authorization',
  'x-cg-demo-api-key',
  'cookie',
];
export const REDACTED = '[hidden]';
const SECRET_NAMES = new Set(SECRET_FIELD_NAMES.map((name) => name.toLowerCase()));
/** Deeper than anything that is logged on purpose. */
const MAX_DEPTH = 8;

/** A copy without secrets. Errors become plain objects, including their causes and data. */
export function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactFields(fields, MAX_DEPTH);
}

function redactFields(fields: object, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    copy[key] = isSecretField(key, value) ? REDACTED : redactValue(value, depth - 1);
  }
  return copy;
}

function isSecretField(key: string, value: unknown): boolean {
  if (value === undefined) return false;
  const name = key.toLowerCase();
  // Any header can contain a key. A field whose name only resembles a secret is one if its value is a string.
  return SECRET_NAMES.has(name) || name === 'headers' || (typeof value === 'string' && isSecretName(key));
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth <= 0) return '…'; // also stops at circular references
  if (Array.isArray(value)) return value.map((item) => redactValue(item, depth - 1));
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return {
      name,
      message,
      ...redactFields(value, depth),
      stack,
      ...(cause === undefined ? {} : { cause: redactValue(cause, depth - 1) }),
    };
  }
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return redactValue(value.toJSON(), depth - 1);
  return redactFields(value instanceof Map ? Object.fromEntries(value) : value, depth);
}
