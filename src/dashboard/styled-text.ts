/** The meaning of a piece of text. The theme defines its style. */
export type Tone =
  | 'text'
  | 'muted'
  | 'grid'
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

export interface StyledSpan {
  readonly text: string;
  readonly tone: Tone;
  /** The web address that the text leads to, in printable ASCII. */
  readonly link?: string;
}

/** One line of a pane, without control characters. */
export type StyledLine = readonly StyledSpan[];

export function span(text: string, tone: Tone = 'text'): StyledSpan {
  return { text, tone };
}

export function lineText(line: StyledLine): string {
  return line.map(({ text }) => text).join('');
}
