import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import type { Params, Result } from '../protocol/methods.ts';
import { patiently } from './patiently.ts';
import { shownJson } from './shown-json.ts';

interface Exporter {
  call(method: 'account.export', params: Params<'account.export'>): Promise<Result<'account.export'>>;
}

export interface ExportCounts {
  posts: number;
  messages: number;
  listings: number;
}

const PARTS = ['posts', 'messages', 'listings'] as const;

/**
 * What the room keeps of an account as the text of one JSON object, a piece a page; one page is held at a time.
 * @param counts is counted up on the way
 * @throws Failure as the daemon answers
 */
export async function* exportAccount(
  exporter: Exporter,
  name: string | undefined,
  counts: ExportCounts,
): AsyncGenerator<SafeText> {
  const named = name === undefined ? {} : { name };
  let page = await patiently(() => exporter.call('account.export', named));
  let open = 0;
  yield safeText`{\n"account": ${shownJson(page.account)},\n"${PARTS[0]}": [`;
  for (;;) {
    // The parts come one after another: what belongs to the next one closes those before it.
    for (const [i, part] of PARTS.entries()) {
      const rows: readonly object[] = page[part];
      if (rows.length === 0) continue;
      const texts: SafeText[] = [];
      for (; open < i; open++) texts.push(safeText`\n],\n"${PARTS[open + 1]!}": [`);
      for (const row of rows) {
        texts.push(safeText`${counts[part] === 0 ? '' : ','}\n${shownJson(row)}`);
        counts[part] += 1;
      }
      yield joinSafe(texts, '');
    }
    const { cursor } = page;
    if (cursor === null) break;
    page = await patiently(() => exporter.call('account.export', { ...named, cursor }));
  }
  for (; open < PARTS.length - 1; open++) yield safeText`\n],\n"${PARTS[open + 1]!}": [`;
  yield safeText`\n]\n}\n`;
}
