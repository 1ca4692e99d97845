import type { Pane, State } from '../state.ts';
import { type StyledLine, span, type Tone } from '../styled-text.ts';
import { displayText } from './display-text.ts';
import { keyOf } from './key-label.ts';
import { displayCountdown } from './time-format.ts';
import { wrap } from './wrap.ts';

/** Wraps texts to `width` columns. The first states the situation in tone `first`; the others give advice. */
export function paragraphs(texts: readonly string[], width: number, first: Tone = 'text'): StyledLine[] {
  return texts.flatMap((text, i) => {
    const indent = /^ */.exec(text)![0].length;
    const room = Math.max(1, width - indent);
    return wrap(text.trim(), room, room).map((line) => [
      span(`${' '.repeat(Math.min(indent, Math.max(0, width - 1)))}${line}`, i === 0 ? first : 'muted'),
    ]);
  });
}

/**
 * Why a pane is empty, and what to do next. One pane of the screen says it in full, which is the forum unless another
 * one is zoomed; the others only state the situation.
 */
export function emptyStateText(state: State, what: string, pane: Pane = 'forum'): string[] {
  const isGuide = pane === 'forum' || state.zoomed === pane;
  const { connection, address, member, now } = state;
  const to = displayText(address) === '' ? 'the daemon' : displayText(address);
  switch (connection.phase) {
    case 'connecting':
      return [isGuide ? `Connecting to ${to}…` : 'Connecting…'];
    case 'offline': {
      if (!isGuide) return ['No connection.'];
      const { reason, nextTryAt } = connection;
      const next = nextTryAt === null ? '' : `Next try ${displayCountdown(nextTryAt, now)}. `;
      return [`No connection to ${to}: ${displayText(reason)}`, `${next}Press ${keyOf('refresh')} to try now.`];
    }
    case 'ended':
      if (!isGuide) return ['No connection.'];
      return [`The connection ended: ${displayText(connection.reason)}`, `Press ${keyOf('refresh')} to reconnect.`];
    case 'online':
      if (member !== null) return [`Loading ${what}…`];
      if (!isGuide) return ['Not signed in.'];
      return [
        `Sign in to see rates, charts, members and ${what}: press ${keyOf('openSignIn')}.`,
        `No account yet? Press ${keyOf('openSignUp')} to sign up.`,
      ];
  }
}

/** What to do first in a room where nothing happened yet. */
export function firstStepsText({ member, rates, hasLoadedRates }: State): string[] {
  return [
    'This room is new: nobody has written anything yet.',
    ...(member === null ? [`Press ${keyOf('openSignUp')} to sign up, or ${keyOf('openSignIn')} to sign in.`] : []),
    ...(hasLoadedRates && rates.length === 0
      ? ['Prices appear when providers answer: PROVIDERS shows how they are.']
      : []),
    `${member === null ? 'Then write' : 'Write'} the first post: MSG Hello`,
    `${keyOf('toggleHelp')} shows all keys and commands.`,
  ];
}
