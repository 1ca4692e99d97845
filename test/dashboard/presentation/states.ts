import type { ForumPost, RateQuote, RateRow, State } from '../../../src/dashboard/state.ts';
import { initialState } from '../../../src/dashboard/state.ts';
import type { Candle } from '../../../src/domain/candle.ts';
import type { Market } from '../../../src/domain/instrument.ts';
import type { Unit } from '../../../src/domain/unit.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * 60 * MINUTE;
/** 15:04:05 on 1 March 2024 in Vietnam. */
export const NOW = Date.UTC(2024, 2, 1, 8, 4, 5);

export function empty(columns = 80, rows = 24): State {
  return initialState({ columns, rows, now: NOW, address: '127.0.0.1:4000', theme: 'dark', unicode: true });
}

export function quote(instrument: string, sell: number | null, over: Partial<RateQuote> = {}): RateQuote {
  return {
    instrument,
    market: 'gold',
    provider: 'sjc',
    company: 'SJC',
    brand: '',
    buy: sell === null ? null : sell * 0.98,
    sell,
    currency: 'VND',
    unit: 'tael',
    at: NOW - 2 * 60 * MINUTE,
    checkedAt: NOW - 2 * MINUTE,
    id: '1',
    stale: false,
    ...over,
  };
}

export function rate(of: RateQuote, over: Partial<RateRow> = {}): RateRow {
  const price = of.sell ?? of.buy ?? 1;
  const closes = Array.from({ length: 30 }, (_, i) => price * (0.97 + i / 1000 + Math.sin(i) / 100));
  return { quote: of, closes, movedAt: null, ...over };
}

const in_ = (market: Market, currency: string, unit: Unit, provider: string) => ({ market, currency, unit, provider });

export function ratesOf(): RateRow[] {
  const crypto = in_('crypto', 'USD', 'coin', 'kraken');
  const fx = in_('fx', 'VND', 'each', 'vietcombank');
  return [
    rate(quote('BTMC-RING', 149_900_000), { closes: [150_000_000, 150_500_000] }),
    rate(quote('PNJ', 150_800_000, { provider: 'pnj' })),
    rate(quote('SJC', 151_300_000), { movedAt: NOW - 500 }),
    rate(quote('XAU', 2_345.6, in_('gold', 'USD', 'ozt', 'gold-api') as Partial<RateQuote>), { closes: [2_345.6] }),
    rate(quote('BTC', 67_123.4, crypto)),
    rate(quote('DOGE', 0.0712345, { ...crypto, stale: true, checkedAt: NOW - 3 * 60 * MINUTE })),
    rate(quote('ETH', 3_456.78, crypto)),
    rate(quote('EUR', 26_732.2, fx)),
    rate(quote('JPY', 168.45, fx)),
    rate(quote('USD', 24_870, fx)),
  ];
}

export function candlesOf(count: number, step = DAY): Candle[] {
  return Array.from({ length: count }, (_, i) => {
    const middle = 140_000_000 + 12_000_000 * Math.sin(i / (count / 9)) + i * 20_000;
    const open = middle - 600_000 * Math.cos(i);
    const close = middle + 600_000 * Math.cos(i);
    return {
      at: NOW - (count - 1 - i) * step,
      open,
      high: Math.max(open, close) + 500_000,
      low: Math.min(open, close) - 400_000,
      close,
      count: 4,
    };
  });
}

export function post(number: number, over: Partial<ForumPost> = {}): ForumPost {
  return {
    number,
    member: number % 3 === 0 ? 'Yoda' : 'Leia',
    text: `Giá vàng hôm nay thế nào? Số ${number}`,
    topic: 'lobby',
    replyTo: null,
    mentions: [],
    at: NOW - (600 - number) * 10 * MINUTE,
    editedAt: null,
    deletedAt: null,
    deletedBy: null,
    seq: number,
    ...over,
  };
}

/** A room in which everything is going on. */
export function busy(columns = 80, rows = 24): State {
  const state = empty(columns, rows);
  return {
    ...state,
    connection: { phase: 'online' },
    member: { name: 'Yoda', role: 'owner' },
    providers: [
      { id: 'sjc', state: 'ok', lastOk: NOW, lastError: null, nextAt: NOW + MINUTE },
      { id: 'pnj', state: 'ok', lastOk: NOW, lastError: null, nextAt: NOW + MINUTE },
      { id: 'kraken', state: 'error', lastOk: null, lastError: 'no answer within 10 s', nextAt: NOW + MINUTE },
      { id: 'doji', state: 'off', lastOk: null, lastError: null, nextAt: null },
    ],
    rates: ratesOf(),
    hasLoadedRates: true,
    selected: 'SJC',
    chart: {
      ...state.chart,
      instrument: 'SJC',
      candles: candlesOf(365),
      currency: 'VND',
      unit: 'tael',
    },
    forum: {
      ...state.forum,
      topics: [
        { topic: 'lobby', unread: 0, mentions: 0 },
        { topic: 'gold', unread: 2, mentions: 1 },
      ],
      isLoaded: true,
      hasMore: true,
      posts: [
        ...Array.from({ length: 592 }, (_, i) => post(i + 1)),
        post(593, { topic: 'gold', mentions: ['Yoda'], text: 'SJC sẽ lên tiếp, @Yoda. 中文 and 🎉🎉 too' }),
        post(594, { member: 'Yoda', topic: 'gold', replyTo: 593, text: 'Do or do not.\nThere is no try.' }),
        post(595, { text: null, deletedAt: NOW - MINUTE, deletedBy: 'Vader' }),
        post(596, { topic: 'gold', text: 'Mua vào thôi', editedAt: NOW }),
      ],
    },
    members: [
      { name: 'Leia', address: '192.168.1.20', peerPort: 4100, activeSince: NOW - 3 * DAY, idleMs: 12 * MINUTE },
      { name: 'Nguyễn-Vân', address: '192.168.1.21', peerPort: null, activeSince: NOW - MINUTE, idleMs: 0 },
      { name: 'Yoda', address: '127.0.0.1', peerPort: null, activeSince: NOW - 90 * MINUTE, idleMs: 0 },
    ],
    hasLoadedMembers: true,
    idleNames: ['Leia'],
  };
}
