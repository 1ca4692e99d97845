import type { Step } from '../action.ts';
import type { KeyCommand } from '../key-bindings.ts';
import { innerSize } from '../layout.ts';
import { needsAnswerBox } from '../presentation/command-output.ts';
import { helpOverlayBox } from '../presentation/overlay-layout.ts';
import { boxLines, findLine, openBox } from '../presentation/text-box.ts';
import type { BoxSearch, State, TextBox } from '../state.ts';
import { step } from './step.ts';

const MAX_QUERY_CHARACTERS = 100;

/** Opens or closes the box of an answer, according to whether the answer fits into its pane. */
export function withAnswerBox(before: State, after: State): State {
  const isNew = after.output !== before.output;
  const isResized = after.columns !== before.columns || after.rows !== before.rows || after.zoomed !== before.zoomed;
  if (!isNew && !isResized) return after;
  const answer = needsAnswerBox(after) ? ((isNew ? null : after.answer) ?? { scroll: 0 }) : null;
  return answer === after.answer ? after : { ...after, answer };
}

/** Runs a command of the open box; undefined: it is not one. */
export function runBoxCommand(state: State, command: KeyCommand): Step | undefined {
  const box = openBox(state);
  if (!box) return undefined;
  const search = box.search ?? null;
  const set = (changed: Partial<TextBox>): Step => step(withBox(state, { ...box, ...changed }));
  if (search?.isTyping) {
    switch (command) {
      case 'submit':
        return set(search.query === '' ? { search: null } : jump(state, { ...search, isTyping: false }, box.scroll, 1));
      case 'deleteBack':
        return set({ search: { ...search, query: [...search.query].slice(0, -1).join('') } });
      case 'deleteToStart':
        return set({ search: { ...search, query: '' } });
      case 'back':
        return set({ search: null });
    }
    return undefined;
  }
  switch (command) {
    case 'search':
      return set({ search: { query: '', isTyping: true, line: null } });
    case 'nextMatch':
      return search ? set(jump(state, search, (search.line ?? box.scroll - 1) + 1, 1)) : step(state);
    case 'previousMatch':
      return search ? set(jump(state, search, (search.line ?? box.scroll) - 1, -1)) : step(state);
    case 'back':
      if (search) return set({ search: null });
      return step(state.help ? { ...state, help: null } : { ...state, output: null });
  }
  return undefined;
}

/** Types into the search; undefined: nothing is searched. */
export function typeInSearch(state: State, text: string): State | undefined {
  const box = openBox(state);
  if (!box?.search?.isTyping) return undefined;
  const query = [...box.search.query, ...text.replace(/\p{Cc}/gu, ' ')].slice(0, MAX_QUERY_CHARACTERS).join('');
  return withBox(state, { ...box, search: { ...box.search, query } });
}

/** Scrolls the open box; undefined: there is none. */
export function scrollBox(state: State, by: number): State | undefined {
  const box = openBox(state);
  return box ? withBox(state, { ...box, scroll: visibleScroll(state, box.scroll + by) }) : undefined;
}

/** The rows that a page of the open box has; undefined: there is none. */
export function boxPageRows(state: State): number | undefined {
  return openBox(state) ? Math.max(1, innerSize(helpOverlayBox(state)).height - 1) : undefined;
}

function jump(state: State, search: BoxSearch, from: number, by: 1 | -1): Partial<TextBox> {
  const line = findLine(boxLines(state), search.query, from, by);
  return { search: { ...search, line }, ...(line === null ? {} : { scroll: visibleScroll(state, line) }) };
}

function visibleScroll(state: State, scroll: number): number {
  const last = Math.max(0, boxLines(state).length - innerSize(helpOverlayBox(state)).height);
  return Math.min(Math.max(0, scroll), last);
}

function withBox(state: State, box: TextBox): State {
  return state.help ? { ...state, help: box } : { ...state, answer: box };
}
