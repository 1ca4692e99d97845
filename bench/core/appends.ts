import { atLeast, type Figure, median, rate } from '../figure.ts';
import { type Appending, appends as appendsOf, rawBatches } from '../raw.ts';

const WRITERS = 100;
const OF_RAW = 0.6;
const OF_SINGLE = 7;

export const appends: Figure = {
  name: 'appends',
  summary:
    'Durable appends per second with 1 and 100 writers, compared with classic-level writing the same synced batches.',
  async measure(effort) {
    const single: Appending[] = [];
    const many: Appending[] = [];
    const raw: { single: number[]; many: number[] } = { single: [], many: [] };
    for (let run = 0; run < effort.runs; run++) {
      single.push(await appendsOf(1, effort));
      raw.single.push(await rawBatches(single[run]!, effort));
      many.push(await appendsOf(WRITERS, effort));
      raw.many.push(await rawBatches(many[run]!, effort));
    }
    const speed = (runs: readonly Appending[]) => median(runs.map(({ perSecond }) => perSecond));
    const group = (runs: readonly Appending[]) => median(runs.map(({ recordsABatch }) => recordsABatch)).toFixed(0);
    const ofRaw = (runs: readonly Appending[], baseline: readonly number[]) =>
      median(runs.map(({ perSecond }, run) => perSecond / baseline[run]!));
    const growth = median(many.map(({ perSecond }, run) => perSecond / single[run]!.perSecond));
    return [
      {
        what: '1 writer',
        value: rate(speed(single)),
        baseline: `${rate(median(raw.single))} (raw, ${group(single)} a batch)`,
        ratio: ofRaw(single, raw.single),
      },
      {
        what: `${WRITERS} writers`,
        value: rate(speed(many)),
        baseline: `${rate(median(raw.many))} (raw, ${group(many)} a batch)`,
        ratio: ofRaw(many, raw.many),
        bar: atLeast(ofRaw(many, raw.many), OF_RAW, `≥ ${OF_RAW.toFixed(2)} of raw`),
      },
      {
        what: `${WRITERS} writers against 1`,
        value: rate(speed(many)),
        baseline: rate(speed(single)),
        ratio: growth,
        bar: atLeast(growth, OF_SINGLE, `≥ ${OF_SINGLE} times`),
      },
    ];
  },
};
