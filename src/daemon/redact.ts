import { isSecretName } from '../domain/secrets.ts';

/** Names of fields whose values no log may hold, wherever they stand; further ones are known by their form. */
export const SECRETS = ['password', 'newPassword', 'token', 'key', 'authorization', 'x-cg-demo-api-key', 'cookie'];
export const HIDDEN = '[hidden]';
const SECRET = new Set(SECRETS.map((name) => name.toLowerCase()));
/** Deeper than anything that is logged on purpose. */
const DEPTH = 8;

/** A copy without secrets. Errors become plain objects; their causes and data are looked through as well. */
export function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return fieldsOf(fields, DEPTH);
}

function fieldsOf(fields: object, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    copy[key] = isHidden(key, value) ? HIDDEN : cleaned(value, depth - 1);
  }
  return copy;
}

function isHidden(key: string, value: unknown): boolean {
  if (value === undefined) return false;
  const name = key.toLowerCase();
  // Any header can carry a key. What only looks like a secret by its name is one where it is a text.
  return SECRET.has(name) || name === 'headers' || (typeof value === 'string' && isSecretName(key));
}

function cleaned(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth <= 0) return '…'; // also ends what holds itself
  if (Array.isArray(value)) return value.map((item) => cleaned(item, depth - 1));
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return {
      name,
      message,
      ...fieldsOf(value, depth),
      stack,
      ...(cause === undefined ? {} : { cause: cleaned(cause, depth - 1) }),
    };
  }
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return cleaned(value.toJSON(), depth - 1);
  return fieldsOf(value instanceof Map ? Object.fromEntries(value) : value, depth);
}
