import { expect } from 'chai';
import fc from 'fast-check';
import { type Box, computeLayout, MIN_SCREEN } from '../../src/dashboard/layout.ts';
import { PANES } from '../../src/dashboard/state.ts';

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
      );
      for (const [name, { height }] of Object.entries(boxes)) {
        expect(height, `${name} at ${columns}x${rows}`).to.be.at.least(/header|input|status/.test(name) ? 1 : 4);
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
      chart: { left: 0, top: 1, width: 80, height: 21 },
    });
    expect(computeLayout({ columns: 80, rows: 24, zoomed: 'chart' })).to.not.have.any.keys('rates', 'forum');
  });
});
