import { isFinished } from '../../domain/transfer.ts';
import { type CompletionContext, completeLine } from '../../repl/completion.ts';
import { CommandSyntaxError, parseCommandLine } from '../../repl/grammar.ts';
import type { Step } from '../action.ts';
import { commitLine, setText } from '../editor.ts';
import type { State } from '../state.ts';
import { withForm } from './form.ts';
import { markReadEffect } from './forum.ts';
import { openChart } from './rates.ts';
import { step } from './step.ts';

export function instrumentIds(state: State): string[] {
  return state.rates.map(({ quote }) => quote.instrument);
}

function completionContext({ members, files, member }: State): CompletionContext {
  return {
    members: members.flatMap(({ name }) => (name === member?.name ? [] : [name])),
    listings: files.listings,
    offers: files.offers.map(({ id }) => id),
    transfers: files.transfers.flatMap((transfer) => (isFinished(transfer) ? [] : [transfer.id])),
  };
}

export function submitLine(state: State): Step {
  const line = state.input.text.trim();
  if (line === '') return step(state);
  const after: State = { ...state, input: commitLine(state.input), output: null };
  const parsed = parseCommandLine(line);
  if (parsed instanceof CommandSyntaxError) {
    // Keep the text, so that the member can correct it.
    return step({ ...after, input: setText(after.input, line), output: [parsed.message] });
  }
  switch (parsed.verb) {
    case 'nothing':
      return step(after);
    case 'quit':
      return step(after, { type: 'quit' });
    case 'help':
      return step({ ...after, help: { scroll: 0 } });
    case 'signIn':
    case 'signUp':
      return step(withForm(after, parsed.verb));
    case 'chart': {
      const instrument = instrumentIds(state).find((id) => id === parsed.instrument.toUpperCase()) ?? parsed.instrument;
      return openChart({ ...after, selected: instrument }, { instrument, range: parsed.range });
    }
    case 'post':
      // Posting marks the shown posts as read.
      return step(after, { type: 'runCommand', command: parsed }, markReadEffect(state));
    default:
      return step(after, { type: 'runCommand', command: parsed });
  }
}

export function completeInput(state: State): Step {
  const { text } = state.input;
  const [candidates, typed] = completeLine(text, instrumentIds(state), completionContext(state));
  if (candidates.length === 0) return step(state);
  const stem = text.slice(0, text.length - typed.length);
  if (candidates.length === 1) return step({ ...state, input: setText(state.input, stem + candidates[0]!) });
  const prefix = commonPrefix(candidates);
  const input = prefix.length > typed.length ? setText(state.input, stem + prefix) : state.input;
  return step({ ...state, input: { ...input, candidates } });
}

function commonPrefix(words: readonly string[]): string {
  const first = words[0]!;
  let end = first.length;
  for (const word of words) {
    while (!word.toLowerCase().startsWith(first.slice(0, end).toLowerCase())) end--;
  }
  return first.slice(0, end);
}
