import type { State } from '../state.ts';
import { type StyledLine, span, type Tone } from '../styled.ts';
import { keyFor } from './keycap.ts';
import { inTime } from './moment.ts';
import { safe } from './text.ts';
import { wrap } from './wrap.ts';

/** Sentences in lines of `width` columns: the first says what is, the others what to do about it. */
export function sentences(texts: readonly string[], width: number, first: Tone = 'text'): StyledLine[] {
  return texts.flatMap((text, i) => {
    const indent = /^ */.exec(text)![0].length;
    const room = Math.max(1, width - indent);
    return wrap(text.trim(), room, room).map((line) => [
      span(`${' '.repeat(Math.min(indent, Math.max(0, width - 1)))}${line}`, i === 0 ? first : 'muted'),
    ]);
  });
}

/** Why a pane has nothing yet, and what to do next. */
export function waiting(state: State, what: string): string[] {
  const { link, address, member, now } = state;
  const to = safe(address) === '' ? 'the daemon' : safe(address);
  switch (link.phase) {
    case 'connecting':
      return [`Connecting to ${to}…`];
    case 'offline': {
      const next = link.nextTryAt === null ? '' : ` Next try ${inTime(link.nextTryAt, now)}.`;
      return [`No connection to ${to}: ${safe(link.reason)}`, `${next.trim()} ${keyFor('refresh')} tries now.`.trim()];
    }
    case 'ended':
      return [`The connection has ended: ${safe(link.reason)}`, `${keyFor('refresh')} connects again.`];
    case 'online':
      if (member === null) {
        return [
          `Sign in to see ${what}: ${keyFor('openSignIn')}.`,
          `No account yet? ${keyFor('openSignUp')} makes one.`,
        ];
      }
      return [`Reading ${what}…`];
  }
}
