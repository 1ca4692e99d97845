import type { CheckReport } from '../daemon/data-check.ts';
import type { LostRange, RepairReport } from '../daemon/repair.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeFragment, sanitizeText } from '../domain/text.ts';
import { formatDateTime } from '../domain/time.ts';

/** `--json` has more. */
const MAX_LISTED_ITEMS = 20;

/** The report of `goldctl check`. */
export function checkReportLines(checked: CheckReport, folder: string): SafeText[] {
  const { bytes, records, firstAt, lastAt, damaged, damages, lost, lostRecords, failure, differing } = checked;
  const times = firstAt === null || lastAt === null ? '' : `, ${formatDateTime(firstAt)} to ${formatDateTime(lastAt)}`;
  const kinds = Object.entries(checked.kinds).sort(([, a], [, b]) => b - a);
  const lines: string[] = [
    `${folder}: ${(bytes / 1e6).toFixed(1)} MB read`,
    `Journal: ${countNoun(records, 'record')}${times}`,
    ...kinds.map(([kind, number]) => `  ${sanitizeText(kind)}  ${number.toLocaleString('en-US')}`),
  ];
  addList(
    lines,
    damages,
    damaged.map(({ file, offset, length, what }) => `  ${file}: ${what}, ${length} bytes at ${offset}`),
    (number) => `${countNoun(number, 'corrupt block')} in files:`,
  );
  addList(
    lines,
    lostRecords,
    lost.map(formatRecordRange),
    (number) => `${countNoun(number, 'record')} missing or damaged:`,
  );
  addList(
    lines,
    checked.differences,
    (differing ?? []).map(({ key, what }) => `  ${sanitizeText(key)}: ${what}`),
    (number) => `The stored data differs from the journal in ${countNoun(number, 'key')}:`,
  );
  if (failure !== null) lines.push(failure);
  if (differing === null)
    lines.push('The stored data was not compared with the journal, because that requires a complete journal.');
  lines.push(
    checked.sound
      ? 'No problems found.'
      : 'Problems found: restore a backup (`goldctl restore`), or run `goldctl repair` to recover the readable records.',
  );
  return lines.map(sanitizeFragment);
}

/** The report of `goldctl repair`. */
export function repairReportLines(repaired: RepairReport, folder: string): SafeText[] {
  const { records, saved, posts, lost, lostRecords, kept } = repaired;
  if (!repaired.changed)
    return [
      safeText`${sanitizeText(folder)}: no problems found, nothing was changed. ${countNoun(records, 'record')}.`,
    ];
  const lines: string[] = [`${countNoun(saved, 'record')} of ${records.toLocaleString('en-US')} recovered.`];
  if (repaired.damages > 0) lines.push(`${countNoun(repaired.damages, 'corrupt block')} skipped.`);
  if (posts > 0) lines.push(`${countNoun(posts, 'post')} restored from the stored data.`);
  addList(lines, lostRecords, lost.map(formatLostSpan), (number) => `${countNoun(number, 'record')} lost:`);
  if (lostRecords === 0) lines.push('No records were lost.');
  lines.push('All other data was rebuilt from the journal.');
  lines.push(`The original folder is ${kept}. Delete it once you have checked the result.`);
  lines.push('Restart the daemon with `goldctl daemon start`.');
  return lines.map(sanitizeFragment);
}

function addList(lines: string[], total: number, items: readonly string[], title: (total: number) => string): void {
  if (total === 0) return;
  lines.push(title(total), ...items.slice(0, MAX_LISTED_ITEMS));
  if (items.length > MAX_LISTED_ITEMS) lines.push('  and more: `--json` lists them');
}

function formatRecordRange({ from, to }: { readonly from: number; readonly to: number }): SafeText {
  return from === to ? safeText`  ${from}` : safeText`  ${from}-${to} (${to - from + 1})`;
}

function formatLostSpan({ after, before, ...range }: LostRange): SafeText {
  const [begin, end] = [after, before].map((at) => (at === null ? undefined : formatDateTime(at)));
  const when = begin && end ? `between ${begin} and ${end}` : begin ? `after ${begin}` : end ? `before ${end}` : 'all';
  return safeText`${formatRecordRange(range)}, ${sanitizeText(when)}`;
}

function countNoun(number: number, noun: string): SafeText {
  return sanitizeText(`${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`);
}
