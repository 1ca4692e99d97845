import { foldForSearch } from '../../domain/text.ts';
import { editText } from '../../repl/line-edit.ts';
import { insertText, setText } from '../editor.ts';
import type { KeyCommand } from '../key-bindings.ts';
import type { HistorySearch, InputState } from '../state.ts';

/** Opens the search in the history. The text of the input stays until a found line replaces it. */
export function openHistorySearch(input: InputState): InputState {
  return { ...input, candidates: [], search: { query: '', match: null } };
}

/** Adds text to the query, and finds the newest line that has it. */
export function typeInHistorySearch(input: InputState, search: HistorySearch, text: string): InputState {
  const { text: query } = insertText({ ...input, text: search.query, cursor: search.query.length }, text);
  return withQuery(input, query.replaceAll('\n', ' '));
}

/** Applies a command of the search; undefined: it is not one. */
export function editHistorySearch(
  input: InputState,
  search: HistorySearch,
  command: KeyCommand,
): InputState | undefined {
  const { query, match } = search;
  const { history } = input;
  switch (command) {
    case 'searchOlder': {
      const older = findBackwards(history, query, (match ?? history.length) - 1);
      return { ...input, search: { query, match: older ?? match } };
    }
    case 'searchNewer': {
      const newer = match === null ? -1 : history.findIndex((line, i) => i > match && hasText(line, query));
      return { ...input, search: { query, match: newer < 0 ? match : newer } };
    }
    case 'shortenSearch':
      if (query === '') return { ...input, search: null };
      return withQuery(input, editText({ text: query, cursor: query.length }, 'deleteBack').text);
    case 'acceptSearch':
      return match === null ? { ...input, search: null } : setText(input, history[match]!);
    case 'cancelSearch':
      return { ...input, search: null };
    default:
      return undefined;
  }
}

function withQuery(input: InputState, query: string): InputState {
  const match = query === '' ? null : (findBackwards(input.history, query, input.history.length - 1) ?? null);
  return { ...input, search: { query, match } };
}

function findBackwards(history: readonly string[], query: string, from: number): number | undefined {
  for (let i = from; i >= 0; i--) if (hasText(history[i]!, query)) return i;
  return undefined;
}

/** Case and accents do not matter. */
function hasText(line: string, query: string): boolean {
  return foldForSearch(line).includes(foldForSearch(query));
}
