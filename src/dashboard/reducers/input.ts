import { isFinished } from '../../domain/transfer.ts';
import { commandHelpLines } from '../../repl/command-help.ts';
import { type CompletionContext, completeLine } from '../../repl/completion.ts';
import type { ParsedCommand } from '../../repl/grammar.ts';
import { graphemeClusters } from '../../repl/line-edit.ts';
import { isPrivateLine } from '../../repl/private-line.ts';
import { parseTypedLine } from '../../repl/typed-line.ts';
import type { Effect, RunnableCommand, Step } from '../action.ts';
import { commitLine, MAX_HISTORY_LINES, setText } from '../editor.ts';
import type { InputState, State } from '../state.ts';
import { openChart } from './chart.ts';
import { withForm } from './form.ts';
import { markReadEffect } from './forum.ts';
import { openMessages, searchForum } from './forum-views.ts';
import { effectIf, step } from './step.ts';

export function instrumentIds(state: State): string[] {
  return state.rates.map(({ quote }) => quote.instrument);
}

/** Recent posts whose numbers are completed. */
const MAX_COMPLETED_POSTS = 50;

function completionContext({ members, files, forum, member }: State): CompletionContext {
  return {
    members: members.flatMap(({ name }) => (name === member?.name ? [] : [name])),
    listings: files.listings,
    topics: forum.topics.map(({ topic }) => topic),
    posts: forum.posts
      .slice(-MAX_COMPLETED_POSTS)
      .reverse()
      .map(({ number }) => number),
    offers: files.offers.map(({ id }) => id),
    transfers: files.transfers.flatMap((transfer) => (isFinished(transfer) ? [] : [transfer.id])),
  };
}

/**
 * Runs the typed command, or posts the line if it is none. A line that fails does not stay: it would go before the next one.
 * The history has it.
 */
export function submitLine(state: State): Step {
  const line = state.input.text.trim();
  if (line === '') return step(state);
  const typed = parseTypedLine(line);
  if (typed.kind === 'text' && typed.suggestion !== undefined && state.input.questioned !== state.input.text) {
    const place = describePlace(state);
    const question = `Did you mean ${typed.suggestion}? Press Enter again to post the line to ${place}, or correct it.`;
    return step({ ...state, input: { ...state.input, questioned: state.input.text }, output: [question] });
  }
  const input = commitLine(state.input);
  const after: State = { ...state, input, output: null };
  const isKept = input.history !== state.input.history && !isPrivateLine(line);
  const saved = effectIf(isKept, { type: 'saveHistory', line });
  switch (typed.kind) {
    case 'error':
      return step({ ...after, output: [typed.message] }, ...saved);
    case 'text':
      return withEffects(saved, runTyped(after, { verb: 'post', text: typed.text }));
    case 'command':
      return withEffects(saved, runTyped(after, typed.command));
  }
}

/** Adds the lines of earlier sessions before those of this one. */
export function withHistory(input: InputState, lines: readonly string[]): InputState {
  return { ...input, history: [...lines, ...input.history].slice(-MAX_HISTORY_LINES) };
}

function withEffects(first: readonly Effect[], { state, effects }: Step): Step {
  return { state, effects: [...first, ...effects] };
}

function runTyped(state: State, command: ParsedCommand): Step {
  switch (command.verb) {
    case 'nothing':
      return step(state);
    case 'quit':
      return step(state, { type: 'quit' });
    case 'help':
      if (command.command !== undefined) return step({ ...state, output: commandHelpLines(command.command) });
      return step({ ...state, help: { scroll: 0 } });
    case 'signIn':
    case 'signUp':
      return step(withForm(state, command.verb));
    case 'chart': {
      const toId = (name: string) => instrumentIds(state).find((id) => id === name.toUpperCase()) ?? name;
      const instrument = toId(command.instrument);
      const versus = command.versus === undefined ? null : toId(command.versus);
      return openChart({ ...state, selected: instrument }, { instrument, range: command.range, end: null, versus });
    }
    case 'find':
      return searchForum(state, command.text);
    case 'messages':
      if (command.with === undefined) return step(state, { type: 'runCommand', command });
      return openMessages(state, command.with);
    case 'post':
      // Posting marks the shown posts as read.
      return step(state, postEffect(state, command), markReadEffect(state));
    default:
      return step(state, { type: 'runCommand', command });
  }
}

/** Without a topic, a post goes to what the forum shows: a topic, a thread, or a member. */
function postEffect({ forum: { view } }: State, post: Extract<RunnableCommand, { verb: 'post' }>): Effect {
  const isAddressed = post.topic !== undefined || post.replyTo !== undefined;
  if (view.kind === 'direct' && !isAddressed) {
    return { type: 'runCommand', command: { verb: 'message', to: view.member, text: post.text } };
  }
  const target = view.kind === 'thread' && !isAddressed ? { replyTo: view.root } : {};
  return { type: 'runCommand', command: { ...post, ...target } };
}

/** Where a line without a command goes, for people. */
function describePlace({ forum: { topic, view } }: State): string {
  if (view.kind === 'direct') return view.member;
  if (view.kind === 'thread') return `the thread of #${view.root}`;
  return topic === null ? 'the lobby' : `#${topic}`;
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

/** In whole clusters; case does not matter. */
function commonPrefix([first = '', ...others]: readonly string[]): string {
  let prefix = '';
  for (const cluster of graphemeClusters(first)) {
    const longer = (prefix + cluster).toLowerCase();
    if (!others.every((word) => word.toLowerCase().startsWith(longer))) break;
    prefix += cluster;
  }
  return prefix;
}
