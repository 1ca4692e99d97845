import { expect } from 'chai';
import fc from 'fast-check';
import stringWidth from 'string-width';
import type { Candle } from '../../src/domain/candle.ts';
import { downsample, renderLineChart } from '../../src/repl/line-chart.ts';

const DAY = 86_400_000;
const START = Date.UTC(2021, 0, 1) - 7 * 3_600_000;
const candles = (...closes: number[]): Candle[] =>
  closes.map((close, i) => ({ at: START + i * DAY, open: close, high: close, low: close, close, count: 1 }));
const gold = { width: 60, height: 10, unicode: false, currency: 'VND', unit: 'tael' };

describe('chart', () => {
  it('scales VND to millions, and the axis to the data', () => {
    const lines = renderLineChart(candles(150_000_000, 151_300_000, 149_900_000, 152_000_000), gold);
    expect(lines[0]).to.equal('million VND/tael');
    expect(lines[1]).to.match(/^152\.\d+ \+/);
    expect(lines.find((line) => line.startsWith('149.9'))).to.be.a('string');
    expect(lines.at(-1)).to.match(/2021-01-01 +2021-01-04$/);
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
    const spans = downsample(candles(...closes), 80);
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
