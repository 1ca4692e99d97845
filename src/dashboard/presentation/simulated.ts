import type { State } from '../state.ts';
import { type StyledLine, span } from '../styled.ts';

const MARK = /^simulated\b/i;

/** Whether prices come from the demo's provider: then every pane says so. */
export function isSimulated({ providers, rates }: Pick<State, 'providers' | 'rates'>): boolean {
  return providers.some(({ id }) => MARK.test(id)) || rates.some(({ quote }) => MARK.test(quote.provider));
}

/** What a title says of it. */
export function simulatedMark(state: Pick<State, 'providers' | 'rates'>): StyledLine {
  return isSimulated(state) ? [span('SIMULATED', 'warn')] : [];
}
