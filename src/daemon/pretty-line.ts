import { plain } from '../domain/fold.ts';
import { formatMinute } from '../domain/instant.ts';
import type { SafeText } from '../domain/safe-text.ts';

const LEVELS: Readonly<Record<string, string>> = { warn: 'WARNING' };
/** Fields that have their own place in the line, or are for the raw log only. */
const PLACED = new Set(['level', 'time', 'event', 'msg', 'stack']);

/**
 * One line of the log as people read it, Vietnam time: `2026-11-21 15:00:01 [INFO] [forum.post]: posted number=7`.
 * What is no JSON line (a crash of Node itself) stays as it is. No control character comes through: names and texts
 * in a log are written by strangers.
 */
export function prettyLine(text: string): SafeText {
  const entry = parse(text);
  if (!entry) return plain(text);
  const { level, time, event, msg } = entry;
  const at = typeof time === 'number' && Number.isFinite(new Date(time).getTime()) ? format(time) : '-';
  const head = `${at} [${LEVELS[String(level)] ?? plain(String(level)).toUpperCase()}] [${plain(String(event ?? 'daemon'))}]:`;
  const fields = Object.entries(entry)
    .filter(([key]) => !PLACED.has(key))
    .map(([key, value]) => `${plain(key)}=${show(value)}`);
  return plain([head, ...(typeof msg === 'string' && msg !== '' ? [plain(msg)] : []), ...fields].join(' '));
}

function format(at: number): string {
  const seconds = String(new Date(at).getUTCSeconds()).padStart(2, '0');
  return `${formatMinute(at)}:${seconds}`;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined; // not a fault: the log holds what Node prints when it crashes, too
  }
}

function show(value: unknown): string {
  if (typeof value === 'string') {
    const text = plain(value);
    return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
  }
  if (typeof value !== 'object' || value === null) return String(value);
  const { message, name, code, cause } = value as Record<string, unknown>;
  if (typeof message !== 'string' || typeof name !== 'string') return plain(JSON.stringify(value));
  // An error: what it says and what brought it about; the raw line has its stack.
  const label = typeof code === 'string' ? code : name;
  const why = typeof cause === 'object' && cause !== null ? ` <- ${show(cause)}` : '';
  return `${JSON.stringify(`${plain(label)}: ${plain(message)}`)}${why}`;
}
