import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { PassThrough, Writable } from 'node:stream';
import type { Terminal } from '@xterm/headless';
import { expect } from 'chai';
import fc from 'fast-check';
import { composeScreen } from '../../src/dashboard/presentation/screen-frame.ts';
import { type ColourDepth, THEME_BY_NAME } from '../../src/dashboard/presentation/theme.ts';
import { ScreenPainter } from '../../src/dashboard/screen-painter.ts';
import { type State, THEME_NAMES } from '../../src/dashboard/state.ts';
import { lineText } from '../../src/dashboard/styled-text.ts';
import { Screen } from '../../src/dashboard/widgets/screen.ts';
import { CHART_RANGES } from '../../src/repl/grammar.ts';
import { busy, candlesOf, DAY } from './presentation/states.ts';

const xterm = createRequire(import.meta.url)('@xterm/headless') as typeof import('@xterm/headless');

/** What a terminal shows after a state was painted, row by row. */
async function paint(state: State, colours: ColourDepth): Promise<string[]> {
  const { columns, rows } = state;
  const terminal: Terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  let written = Promise.resolve();
  const output = Object.assign(
    new Writable({
      write: (chunk: Buffer, _, done) => {
        written = new Promise((resolve) => terminal.write(chunk, resolve));
        done();
      },
    }),
    { columns, rows, isTTY: true },
  ) as unknown as NodeJS.WriteStream;
  const ignore = (): void => {};
  const screen = new Screen({
    input: Object.assign(new PassThrough(), { isTTY: true }) as never,
    output,
    env: {},
    onKey: ignore,
    onPaste: ignore,
    onMouse: ignore,
    onResize: ignore,
  });
  screen.start();
  try {
    new ScreenPainter(screen, { themes: THEME_BY_NAME, colours }).paint(state);
    await written;
    const { buffer } = terminal;
    return Array.from({ length: rows }, (_, y) => buffer.active.getLine(y)!.translateToString(false));
  } finally {
    screen.stop();
    terminal.dispose();
  }
}

/** Panes as the terminal shows them: without the text of members, whose emoji the emulator measures differently. */
function chartState(columns: number, rows: number, over: Partial<State['chart']>): State {
  const state = busy(columns, rows);
  const forum = { ...state.forum, posts: [] };
  return { ...state, forum, input: { ...state.input, text: 'x' }, chart: { ...state.chart, ...over } };
}

describe('the screen of the dashboard', () => {
  before(() => {
    // Each screen of blessed listens to the process.
    EventEmitter.setMaxListeners(0, process);
  });

  it('shows every row of a chart in its place, in every theme, with and without colour', async function () {
    this.timeout(60_000);
    const charts = fc.record({
      columns: fc.integer({ min: 60, max: 200 }),
      rows: fc.integer({ min: 16, max: 60 }),
      theme: fc.constantFrom(...THEME_NAMES),
      colours: fc.constantFrom<ColourDepth>(0, 8, 16, 256),
      unicode: fc.boolean(),
      isZoomed: fc.boolean(),
      range: fc.constantFrom(...CHART_RANGES),
      mode: fc.constantFrom('line' as const, 'candles' as const),
      isCompared: fc.boolean(),
      crosshair: fc.option(fc.nat(300), { nil: null }),
      hole: fc.integer({ min: 0, max: 200 }),
    });
    const check = async (chart: typeof charts extends fc.Arbitrary<infer T> ? T : never): Promise<void> => {
      const { columns, rows, theme, colours, unicode, isZoomed, range, mode, isCompared, crosshair, hole } = chart;
      const candles = candlesOf(365).filter((_, i) => i < 100 || i > 100 + hole);
      const versusCandles = isCompared ? candlesOf(200).map((each) => ({ ...each, close: each.close / 3e4 })) : [];
      const versus = isCompared ? 'XAU' : null;
      const state: State = {
        ...chartState(columns, rows, { candles, range, mode, crosshair, versus, versusCandles }),
        theme,
        unicode,
        zoomed: isZoomed ? 'chart' : null,
      };
      const shown = await paint(state, colours);
      expect(shown).to.deep.equal(composeScreen(state).map(lineText));
    };
    await fc.assert(fc.asyncProperty(charts, check), { numRuns: 60 });
  });

  it('leaves the rows of a chart alone without colours, where blessed once wrapped the canvas', async () => {
    const state = { ...chartState(120, 35, { candles: candlesOf(365, DAY) }), theme: 'plain' as const };
    for (const colours of [0, 8, 256] as const) {
      expect(await paint(state, colours)).to.deep.equal(composeScreen(state).map(lineText));
    }
  });
});
