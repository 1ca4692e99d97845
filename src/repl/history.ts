import { Failure } from '../domain/failure.ts';
import { type Instant, startOfDay } from '../domain/instant.ts';
import type { MethodName, Params, Result } from '../protocol/methods.ts';
import type { Range } from './grammar.ts';

/** What this folder needs of a client. */
export interface Caller {
  readonly name: string | null;
  call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>>;
}

const DAY = 24 * 3_600_000;
/** Pages of one history: 200,000 candles are more than any chart or table is for. */
const PAGES = 40;

const DAYS: Record<Exclude<Range, 'all'>, number> = { '1d': 1, '1w': 7, '1m': 30, '3m': 91, '1y': 365, '5y': 1826 };

/** What a range of a chart asks for: candles fine enough for its width, and no finer. */
export function rangeParams(range: Range, now: Instant): Pick<Params<'rates.history'>, 'from' | 'to' | 'interval'> {
  const to = now + 1;
  if (range === 'all') return { from: 0, to, interval: '1w' };
  if (range === '1d') return { from: now - DAY, to, interval: 'raw' };
  const from = startOfDay(now - DAYS[range] * DAY);
  return { from, to, interval: range === '1w' || range === '1m' ? '1h' : range === '5y' ? '1w' : '1d' };
}

/** All candles of a time, page by page. @throws Failure TOO_LARGE when there are too many to be of use. */
export async function readHistory(caller: Caller, params: Params<'rates.history'>): Promise<Result<'rates.history'>> {
  const first = await caller.call('rates.history', params);
  const candles = [...first.candles];
  let { next } = first;
  for (let page = 1; next !== null; page++) {
    if (page === PAGES || next >= params.to) {
      throw new Failure(
        'TOO_LARGE',
        'This history is too long for one answer. Take a longer interval or a shorter time.',
      );
    }
    const more = await caller.call('rates.history', { ...params, ...first.series, from: next });
    candles.push(...more.candles);
    if (more.next !== null && more.next <= next) throw new Failure('INTERNAL', 'The daemon repeats a page of history.');
    next = more.next;
  }
  return { ...first, candles, next: null };
}
