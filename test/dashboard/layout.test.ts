import { expect } from 'chai';
import fc from 'fast-check';
import { type Box, computeLayout, MIN_SCREEN } from '../../src/dashboard/layout.ts';
import { PANES } from '../../src/dashboard/state.ts';
import { busy, quote, rate } from './presentation/states.ts';

const boxesOf = (columns: number, rows: number, zoomed: (typeof PANES)[number] | null = null): [string, Box][] =>
  Object.entries(computeLayout({ columns, rows, zoomed }));

function check(columns: number, rows: number, zoomed: (typeof PANES)[number] | null): void {
  const where = `${columns}x${rows} ${zoomed}`;
  const boxes = boxesOf(columns, rows, zoomed).filter(([, { width, height }]) => width > 0 && height > 0);
  for (const [name, box] of boxes) {
    const { left, top, width, height } = box;
    expect([left, top, width, height].every(Number.isInteger), `${where}: ${name} in whole cells`).to.equal(true);
    expect(
      left >= 0 && top >= 0 && left + width <= columns && top + height <= rows,
      `${where}: ${name} on the screen`,
    ).to.equal(true);
  }
  for (const [i, [name, a]] of boxes.entries()) {
    for (const [other, b] of boxes.slice(i + 1)) {
      const apart =
        a.left + a.width <= b.left ||
        b.left + b.width <= a.left ||
        a.top + a.height <= b.top ||
        b.top + b.height <= a.top;
      expect(apart, `${where}: ${name} beside ${other}`).to.equal(true);
    }
  }
}

describe('the layout of the dashboard', () => {
  it('has every pane on a common terminal', () => {
    for (const [columns, rows] of [
      [80, 24],
      [200, 50],
      [120, 40],
      [300, 100],
    ] as const) {
      const boxes = computeLayout({ columns, rows, zoomed: null });
      expect(boxes, `${columns}x${rows}`).to.include.all.keys(
        'header',
        'rates',
        'chart',
        'forum',
        'members',
        'transfers',
        'input',
        'status',
        'keys',
      );
      for (const [name, { height }] of Object.entries(boxes)) {
        expect(height, `${name} at ${columns}x${rows}`).to.be.at.least(/header|input|status|keys/.test(name) ? 1 : 4);
      }
    }
  });

  it('fills the screen from border to border', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: MIN_SCREEN.columns, max: 300 }),
        fc.integer({ min: MIN_SCREEN.rows, max: 100 }),
        (columns, rows) => {
          const area = boxesOf(columns, rows).reduce((sum, [, { width, height }]) => sum + width * height, 0);
          expect(area).to.equal(columns * rows);
        },
      ),
    );
  });

  it('never lets boxes overlap or leave the screen', () => {
    for (let rows = 1; rows <= 100; rows++) {
      for (let columns = 1; columns <= 300; columns += columns < 150 ? 1 : 7) check(columns, rows, null);
    }
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom(...PANES),
        (columns, rows, zoomed) => check(columns, rows, zoomed),
      ),
    );
  });

  it('gives a zoomed pane all the room', () => {
    expect(computeLayout({ columns: 80, rows: 24, zoomed: 'chart' })).to.deep.include({
      chart: { left: 0, top: 1, width: 80, height: 20 },
    });
    expect(computeLayout({ columns: 80, rows: 24, zoomed: 'chart' })).to.not.have.any.keys('rates', 'forum');
  });

  it('shares the right column between members and transfers by need', () => {
    const heights = (members: number, transfers: number): [number, number] => {
      const state = busy();
      const boxes = computeLayout({
        ...state,
        members: Array.from({ length: members }, (_, i) => ({ ...state.members[0]!, name: `m${i}` })),
        files: { ...state.files, offers: Array.from({ length: transfers }, (_, i) => offer(i)) },
      });
      return [boxes.members!.height, boxes.transfers!.height];
    };
    const offer = (id: number) => ({ id, member: 'han', name: 'x', size: 1, files: 1 });
    const total = heights(3, 0)[0] + heights(3, 0)[1];
    expect(heights(30, 0)).to.deep.equal([total - 4, 4]);
    expect(heights(1, 30)).to.deep.equal([4, total - 4]);
    expect(heights(30, 30)).to.deep.equal([Math.ceil(total / 2), Math.floor(total / 2)]);
  });

  it('gives the rates what they need, and the chart the rest', () => {
    const state = busy(200, 50);
    const few = { ...state, rates: [rate(quote('SJC', 1_000_000), { closes: [] })] };
    const [all, one] = [computeLayout(state), computeLayout(few)];
    expect(one.rates!.width).to.be.below(all.rates!.width);
    expect(one.chart!.width).to.be.above(all.chart!.width);
    expect(computeLayout(busy(80, 24)).rates!.width).to.equal(46);
  });
});
