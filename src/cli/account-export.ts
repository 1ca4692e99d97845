import { retryWhenBusy } from '../client/retry-when-busy.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';
import { toTerminalJson } from './terminal-json.ts';

interface AccountExportClient {
  call(method: 'account.export', params: MethodParams<'account.export'>): Promise<MethodResult<'account.export'>>;
}

export interface ExportCounts {
  posts: number;
  messages: number;
  listings: number;
}

const SECTIONS = ['posts', 'messages', 'listings'] as const;

/**
 * Exports the data of an account as one JSON object, page by page; only one page is in memory.
 * @param counts updated with every page
 * @throws AppError of the daemon
 */
export async function* exportAccount(
  exporter: AccountExportClient,
  name: string | undefined,
  counts: ExportCounts,
): AsyncGenerator<SafeText> {
  const named = name === undefined ? {} : { name };
  let page = await retryWhenBusy(() => exporter.call('account.export', named));
  let open = 0;
  yield safeText`{\n"account": ${toTerminalJson(page.account)},\n"${SECTIONS[0]}": [`;
  for (;;) {
    // Sections arrive in order: the first row of a section closes the ones before it.
    for (const [i, part] of SECTIONS.entries()) {
      const rows: readonly object[] = page[part];
      if (rows.length === 0) continue;
      const texts: SafeText[] = [];
      for (; open < i; open++) texts.push(safeText`\n],\n"${SECTIONS[open + 1]!}": [`);
      for (const row of rows) {
        texts.push(safeText`${counts[part] === 0 ? '' : ','}\n${toTerminalJson(row)}`);
        counts[part] += 1;
      }
      yield joinSafe(texts, '');
    }
    const { cursor } = page;
    if (cursor === null) break;
    page = await retryWhenBusy(() => exporter.call('account.export', { ...named, cursor }));
  }
  for (; open < SECTIONS.length - 1; open++) yield safeText`\n],\n"${SECTIONS[open + 1]!}": [`;
  yield safeText`\n]\n}\n`;
}
