import type { Checked } from '../daemon/check.ts';
import type { LostSpan, Repaired } from '../daemon/repair.ts';
import { plain, plainPiece } from '../domain/fold.ts';
import { formatMinute } from '../domain/instant.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';

/** Lists end here; `--json` has more. */
const SHOWN = 20;

/** What `goldctl check` found, as people read it. */
export function checkedLines(checked: Checked, folder: string): SafeText[] {
  const { bytes, records, firstAt, lastAt, damaged, damages, lost, lostRecords, failure, differing } = checked;
  const times = firstAt === null || lastAt === null ? '' : `, ${formatMinute(firstAt)} to ${formatMinute(lastAt)}`;
  const kinds = Object.entries(checked.kinds).sort(([, a], [, b]) => b - a);
  const lines: string[] = [
    `${folder}: ${(bytes / 1e6).toFixed(1)} MB read`,
    `Journal: ${count(records, 'record')}${times}`,
    ...kinds.map(([kind, number]) => `  ${plain(kind)}  ${number.toLocaleString('en-US')}`),
  ];
  list(
    lines,
    damages,
    damaged.map(({ file, offset, length, what }) => `  ${file}: ${what}, ${length} bytes at ${offset}`),
    (number) => `${count(number, 'damaged part')} of files:`,
  );
  list(lines, lostRecords, lost.map(span), (number) => `${count(number, 'record')} missing or damaged:`);
  list(
    lines,
    checked.differences,
    (differing ?? []).map(({ key, what }) => `  ${plain(key)}: ${what}`),
    (number) => `The view is not what the journal says in ${count(number, 'place')}:`,
  );
  if (failure !== null) lines.push(failure);
  if (differing === null) lines.push('The view was not compared: that takes a whole journal.');
  lines.push(
    checked.sound
      ? 'Nothing is wrong.'
      : 'Something is wrong: put a backup back (`goldctl restore`), or run `goldctl repair` to go on with what is left.',
  );
  return lines.map(plainPiece);
}

/** What `goldctl repair` did, as people read it. */
export function repairedLines(repaired: Repaired, folder: string): SafeText[] {
  const { records, saved, posts, lost, lostRecords, kept } = repaired;
  if (!repaired.changed)
    return [safeText`${plain(folder)}: nothing is wrong, nothing was changed. ${count(records, 'record')}.`];
  const lines: string[] = [`${count(saved, 'record')} of ${records.toLocaleString('en-US')} saved.`];
  if (repaired.damages > 0) lines.push(`${count(repaired.damages, 'damaged part')} of files left out.`);
  if (posts > 0) lines.push(`${count(posts, 'post')} written again as the view had them.`);
  list(lines, lostRecords, lost.map(lostSpan), (number) => `${count(number, 'record')} lost:`);
  if (lostRecords === 0) lines.push('Nothing is lost.');
  lines.push('Everything else was made anew from the journal.');
  lines.push(`The folder as it was: ${kept}. Remove it once you do not miss anything.`);
  lines.push('Start the daemon again with `goldctl daemon start`.');
  return lines.map(plainPiece);
}

function list(lines: string[], total: number, items: readonly string[], title: (total: number) => string): void {
  if (total === 0) return;
  lines.push(title(total), ...items.slice(0, SHOWN));
  if (items.length > SHOWN) lines.push('  and more: `--json` lists them');
}

function span({ from, to }: { readonly from: number; readonly to: number }): SafeText {
  return from === to ? safeText`  ${from}` : safeText`  ${from}-${to} (${to - from + 1})`;
}

function lostSpan({ after, before, ...places }: LostSpan): SafeText {
  const [begin, end] = [after, before].map((at) => (at === null ? undefined : formatMinute(at)));
  const when = begin && end ? `between ${begin} and ${end}` : begin ? `after ${begin}` : end ? `before ${end}` : 'all';
  return safeText`${span(places)}, ${plain(when)}`;
}

function count(number: number, noun: string): SafeText {
  return plain(`${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`);
}
