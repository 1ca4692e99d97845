import { AppError } from '../domain/app-error.ts';
import { sanitizeText } from '../domain/text.ts';
import { type EpochMs, parseDate, parseDuration, parseForumTime, parseLocalTime } from '../domain/time.ts';

/**
 * Parses `2021-12-27` (Vietnam time; its start, or its end if `edge` says so), `2021-12-27 15:00[:30]`,
 * `23 Feb 2021 15:00:00`, ISO 8601 with a zone, or a duration before `now` (`30d`, `12h`).
 */
export function parseUserTime(text: string, now: EpochMs, edge: 'start' | 'end' = 'start'): EpochMs | undefined {
  const typed = text.trim();
  const day = parseDate(typed);
  if (day) return day[edge];
  const span = parseDuration(typed);
  if (span !== undefined) return now - span;
  const local = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?$/.exec(typed);
  if (local) return parseLocalTime(local[1]!, Number(local[2]), Number(local[3]), Number(local[4] ?? 0));
  if (/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(typed)) {
    const at = Date.parse(typed);
    return Number.isNaN(at) ? undefined : at;
  }
  return parseForumTime(typed);
}

const TIME_FORMAT_HELP = '2021-12-27, "2021-12-27 15:00", 2021-12-27T15:00:00+07:00, or a duration ago such as 30d';

/** Parses the value of a flag. @throws AppError USAGE */
export function parseTimeFlag(flag: string, text: string, now = Date.now()): EpochMs {
  const at = parseUserTime(text, now, flag === 'to' ? 'end' : 'start');
  if (at !== undefined) return at;
  throw new AppError('USAGE', `--${flag} "${sanitizeText(text)}" is not a valid time. Use ${TIME_FORMAT_HELP}.`);
}

/** Parses the flags `--from` and `--to`. @throws AppError USAGE */
export function parsePeriodFlags(flags: { readonly from?: string | undefined; readonly to?: string | undefined }): {
  from: EpochMs | undefined;
  to: EpochMs | undefined;
} {
  const now = Date.now();
  const from = flags.from === undefined ? undefined : parseTimeFlag('from', flags.from, now);
  const to = flags.to === undefined ? undefined : parseTimeFlag('to', flags.to, now);
  if (from !== undefined && from >= (to ?? now + 1)) throw new AppError('USAGE', '--from must be before --to.');
  return { from, to };
}
