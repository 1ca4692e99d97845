import { expect } from 'chai';
import fc from 'fast-check';
import stringWidth from 'string-width';
import type { Candle } from '../../src/domain/candle.ts';
import {
  closesOf,
  columnRanges,
  computePriceAxis,
  renderLineChart as render,
  renderComparisonChart,
} from '../../src/repl/line-chart.ts';

const DAY = 86_400_000;
const START = Date.UTC(2021, 0, 1) - 7 * 3_600_000;
const candles = (...closes: number[]): Candle[] =>
  closes.map((close, i) => ({ at: START + i * DAY, open: close, high: close, low: close, close, count: 1 }));
const windowOf = (of: readonly Candle[]) => ({ from: START, to: Math.max(START + DAY, of.at(-1)?.at ?? 0) });
const renderLineChart = (of: readonly Candle[], options: Parameters<typeof render>[2]) =>
  render(of, windowOf(of), options);
const gold = { width: 60, height: 10, unicode: false, currency: 'VND', unit: 'tael' };

describe('chart', () => {
  it('scales VND to millions, and the axis to the data', () => {
    const lines = renderLineChart(candles(150_000_000, 151_300_000, 149_900_000, 152_000_000), gold);
    expect(lines[0]).to.equal('million VND/tael');
    expect(lines.flatMap((line) => /^ *(\S+) \+[^-]/.exec(`${line} `)?.[1] ?? [])).to.deep.equal(['152', '151', '150']);
    expect(lines.at(-1)).to.match(/01-02 .*01-03/);
  });

  it('leaves gaps and the time without data empty', () => {
    const [early, late] = [
      candles(5, 6, 7, 8, 9),
      candles(7, 8, 9).map((each) => ({ ...each, at: each.at + 60 * DAY })),
    ];
    const window = { from: START - 30 * DAY, to: START + 90 * DAY };
    const ranges = columnRanges(closesOf([...early, ...late]), window, 120, { gapMs: 8 * DAY });
    const drawn = ranges.flatMap((range, x) => (range ? [x] : []));
    expect(drawn).to.deep.equal([30, 31, 32, 33, 34, 90, 91, 92]);
    expect(ranges[31]).to.deep.equal([5, 6]);
    const held = columnRanges(closesOf(early), window, 120, { gapMs: 8 * DAY, until: START + 10 * DAY });
    expect(held.findLastIndex((range) => range !== undefined)).to.equal(40);
  });

  it('labels round prices at their rows, whatever the range', () => {
    const value = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(
        value,
        fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
        fc.integer({ min: 4, max: 60 }),
        (low, range, height) => {
          const axis = computePriceAxis(low, low + range, height, 'USD', 'ozt');
          const labels = axis.labels.filter((label) => label !== '').map((label) => Number(label.replaceAll(',', '')));
          expect(labels.length).to.be.within(0, 9);
          const steps = labels.slice(1).map((label, i) => labels[i]! - label);
          for (const step of steps) expect(step).to.be.closeTo(steps[0]!, Math.abs(steps[0]!) * 1.01 + 1e-9);
        },
      ),
    );
    expect(computePriceAxis(148.13, 159.9, 16, 'USD', 'ozt').labels.filter((label) => label !== '')).to.deep.equal([
      '158',
      '156',
      '154',
      '152',
      '150',
    ]);
  });

  it('compares two series in percent, and draws them differently without colour', () => {
    const [a, b] = [closesOf(candles(0, 10, 20)), closesOf(candles(0, -5, 5))];
    for (const unicode of [true, false]) {
      const text = renderComparisonChart([a, b], windowOf(candles(1, 2, 3)), { width: 60, height: 12, unicode }).join(
        '\n',
      );
      const columns = text.split('\n').map((line) => line.lastIndexOf('o') - 6);
      expect(Math.max(...columns), 'the second line reaches the right end').to.be.above(45);
      expect(text).to.match(/^percent\n/);
      expect(text)
        .to.include('o')
        .and.to.include('+20%')
        .and.to.match(unicode ? /[\u2801-\u28ff]/ : /\*/);
    }
  });

  it('rises from the lower left to the upper right', () => {
    const lines = renderLineChart(candles(1, 2, 3, 4, 5, 6, 7, 8), { ...gold, currency: 'USD', unit: 'ozt' });
    expect(lines[0]).to.equal('USD/ozt');
    const columns = lines.slice(1, -2).map((line) => line.replace(/^[^+|]*[+|]/, '').search(/[*|]/));
    expect(columns).to.deep.equal([...columns].sort((a, b) => b - a));
  });

  it('draws in braille where the terminal can, in ASCII where it cannot', () => {
    const series = candles(1, 5, 2, 8, 3);
    expect(renderLineChart(series, { ...gold, unicode: true }).join('')).to.match(/[\u2801-\u28ff]/);
    expect(renderLineChart(series, gold).join('')).to.match(/^[\x20-\x7e]*$/);
  });

  it('draws a price that never moved, and a single one', () => {
    expect(renderLineChart(candles(5, 5, 5), gold).join('\n')).to.include('*');
    expect(renderLineChart(candles(5), gold).join('\n')).to.include('*');
    expect(renderLineChart([], gold)).to.deep.equal([]);
  });

  it('keeps the extremes of what it brings down to the width', () => {
    const closes = Array.from({ length: 5000 }, (_, i) => (i === 2500 ? 900 : 100 + (i % 7)));
    const many = candles(...closes);
    const spans = columnRanges(closesOf(many), windowOf(many), 80, { gapMs: DAY * 8 }).flatMap((range) =>
      range ? [range] : [],
    );
    expect(spans).to.have.length(80);
    expect(Math.max(...spans.map(([, high]) => high))).to.equal(900);
    expect(Math.min(...spans.map(([low]) => low))).to.equal(100);
  });

  it('keeps to its size, whatever the prices', () => {
    const price = fc.double({ min: 1e-9, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(price, { minLength: 1, maxLength: 300 }),
        fc.boolean(),
        fc.integer({ min: 50, max: 200 }),
        (closes, unicode, width) => {
          const lines = renderLineChart(candles(...closes), {
            width,
            height: 12,
            unicode,
            currency: 'USD',
            unit: 'coin',
          });
          expect(lines).to.have.length(12);
          for (const line of lines) expect(stringWidth(line)).to.be.at.most(width);
        },
      ),
    );
  });
});
