import { type Instant, parseDay, parseLocal, parseSeedTime, parseSpan } from '../domain/instant.ts';

/**
 * A moment as people write it: `2021-12-27` (Vietnam time, its start, or its end where `edge` says so),
 * `2021-12-27 15:00[:30]`, `23 Feb 2021 15:00:00`, ISO 8601 with a zone, or a span counted back from `now`
 * (`30d`, `12h`). Undefined when it is none of them.
 */
export function parseWhen(text: string, now: Instant, edge: 'start' | 'end' = 'start'): Instant | undefined {
  const typed = text.trim();
  const day = parseDay(typed);
  if (day) return day[edge];
  const span = parseSpan(typed);
  if (span !== undefined) return now - span;
  const local = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?$/.exec(typed);
  if (local) return parseLocal(local[1]!, Number(local[2]), Number(local[3]), Number(local[4] ?? 0));
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(typed)) {
    const at = Date.parse(typed);
    return Number.isNaN(at) ? undefined : at;
  }
  return parseSeedTime(typed);
}

/** What `parseWhen` takes, for messages. */
export const WHEN = '2021-12-27, "2021-12-27 15:00", 2021-12-27T15:00:00+07:00, or a span back from now such as 30d';
