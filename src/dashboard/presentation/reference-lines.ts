import { isSameSeries } from '../../domain/series.ts';
import type { State } from '../state.ts';
import type { Tone } from '../styled-text.ts';

/** A horizontal line over a chart, at a price in the currency and unit of the chart. */
export interface ReferenceLine {
  readonly price: number;
  /** A word or two, at the right end of the line. */
  readonly label: string;
  readonly tone: Tone;
}

/**
 * The lines of a chart, the most important first. A line outside of the drawn prices is not shown and does not change
 * the scale. Everything that is shown as a line over the chart is added here.
 */
export function referenceLines(state: State): readonly ReferenceLine[] {
  return previousCloseLine(state);
}

/** The close that the change in the title refers to. */
function previousCloseLine({ chart, rates }: State): ReferenceLine[] {
  const row = rates.find(({ quote }) => quote.instrument === chart.instrument);
  const price = row?.closes.at(-1);
  const isOther =
    chart.side === 'buy' || chart.end !== null || (chart.series && !isSameSeries(row?.quote ?? null, chart.series));
  return price === undefined || isOther ? [] : [{ price, label: 'close', tone: 'muted' }];
}
