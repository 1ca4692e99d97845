import type { State } from '../state.ts';
import { type StyledLine, span } from '../styled-text.ts';

const SIMULATED = /^simulated\b/i;

/** A warning, once per screen, if prices come from the demo's provider. Each quote's source says it too. */
export function simulatedBadge({ providers, rates }: Pick<State, 'providers' | 'rates'>): StyledLine {
  const isSimulated =
    providers.some(({ id }) => SIMULATED.test(id)) || rates.some(({ quote }) => SIMULATED.test(quote.provider));
  return isSimulated ? [span('SIMULATED', 'warn')] : [];
}
