/** What a piece of text means; the theme says how it looks. */
export type Tone =
  | 'text'
  | 'muted'
  | 'strong'
  | 'title'
  | 'gold'
  | 'up'
  | 'down'
  | 'good'
  | 'warn'
  | 'bad'
  | 'self'
  | 'mention'
  | 'selected'
  | 'accent'
  | 'cursor';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One line of a pane. Its texts hold no control characters. */
export type StyledLine = readonly Span[];

export function span(text: string, tone: Tone = 'text'): Span {
  return { text, tone };
}

export function plainText(line: StyledLine): string {
  return line.map(({ text }) => text).join('');
}
