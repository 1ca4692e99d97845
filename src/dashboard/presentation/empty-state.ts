import type { State } from '../state.ts';
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

/** Why a pane is empty, and what to do next. */
export function emptyStateText(state: State, what: string): string[] {
  const { connection, address, member, now } = state;
  const to = displayText(address) === '' ? 'the daemon' : displayText(address);
  switch (connection.phase) {
    case 'connecting':
      return [`Connecting to ${to}…`];
    case 'offline': {
      const { reason, nextTryAt } = connection;
      const next = nextTryAt === null ? '' : `Next try ${displayCountdown(nextTryAt, now)}. `;
      return [`No connection to ${to}: ${displayText(reason)}`, `${next}Press ${keyOf('refresh')} to try now.`];
    }
    case 'ended':
      return [`The connection ended: ${displayText(connection.reason)}`, `Press ${keyOf('refresh')} to reconnect.`];
    case 'online':
      if (member !== null) return [`Loading ${what}…`];
      return [
        `Sign in to see ${what}: press ${keyOf('openSignIn')}.`,
        `No account yet? Press ${keyOf('openSignUp')} to sign up.`,
      ];
  }
}
