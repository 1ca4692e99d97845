import type { SafeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDateTime } from '../domain/time.ts';

const LEVEL_LABELS: Readonly<Record<string, string>> = { warn: 'WARNING' };
/** Fields that are shown elsewhere in the line, or only in the raw log. */
const OMITTED_FIELDS = new Set(['level', 'time', 'event', 'msg', 'stack']);

/**
 * Formats a log line for people, in Vietnam time: `2026-11-21 15:00:01 [INFO] [forum.post]: posted number=7`. Lines that
 * are not JSON (a crash of Node itself) are kept. Control characters are removed: texts in a log come from strangers.
 */
export function formatLogLine(text: string): SafeText {
  const entry = parseLogEntry(text);
  if (!entry) return sanitizeText(text);
  const { level, time, event, msg } = entry;
  const at = typeof time === 'number' && Number.isFinite(new Date(time).getTime()) ? formatLogTime(time) : '-';
  const head = `${at} [${LEVEL_LABELS[String(level)] ?? sanitizeText(String(level)).toUpperCase()}] [${sanitizeText(String(event ?? 'daemon'))}]:`;
  const fields = Object.entries(entry)
    .filter(([key]) => !OMITTED_FIELDS.has(key))
    .map(([key, value]) => `${sanitizeText(key)}=${formatLogValue(value)}`);
  return sanitizeText(
    [head, ...(typeof msg === 'string' && msg !== '' ? [sanitizeText(msg)] : []), ...fields].join(' '),
  );
}

function formatLogTime(at: number): string {
  const seconds = String(new Date(at).getUTCSeconds()).padStart(2, '0');
  return `${formatDateTime(at)}:${seconds}`;
}

function parseLogEntry(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // expected: the log also contains what Node prints when it crashes
  }
}

function formatLogValue(value: unknown): string {
  if (typeof value === 'string') {
    const text = sanitizeText(value);
    return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const { message, name, code, cause } = value as Record<string, unknown>;
  if (typeof message !== 'string' || typeof name !== 'string') return sanitizeText(JSON.stringify(value));
  // An error: its message and cause; its stack is in the raw line.
  const label = typeof code === 'string' ? code : name;
  const why = typeof cause === 'object' && cause !== null ? ` <- ${formatLogValue(cause)}` : '';
  return `${JSON.stringify(`${sanitizeText(label)}: ${sanitizeText(message)}`)}${why}`;
}
