import { expect } from 'chai';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { Robot } from './robot.ts';
import { svgOf } from './svg.ts';

interface Text {
  readonly '#text': string;
  readonly x: string;
  readonly fill: string;
  readonly textLength: string;
  readonly 'font-weight'?: string;
}
interface Picture {
  readonly svg: {
    readonly title: string;
    readonly g: {
      readonly text?: Text[];
      readonly rect?: Record<string, string>[];
      readonly path?: { readonly d: string; readonly fill: string }[];
    };
  };
}

/** The picture of what a program writes into a terminal of 20x4. */
async function picture(written: string): Promise<{ svg: string; g: Picture['svg']['g']; title: string }> {
  const program = `process.stdout.write(${JSON.stringify(written)})`;
  const robot = new Robot({ file: process.execPath, args: ['-e', program], env: {}, columns: 20, rows: 4 });
  expect(await robot.exited).to.include({ exitCode: 0 });
  const svg = svgOf(robot.terminal, 'a & b <c>');
  expect(XMLValidator.validate(svg)).to.equal(true);
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    trimValues: false,
    isArray: (name) => ['text', 'rect', 'path'].includes(name),
  });
  const { svg: root } = parser.parse(svg) as Picture;
  return { svg, g: root.g, title: root.title };
}

describe('a picture of a terminal', () => {
  it('has texts in their places, of their length, in their colours', async () => {
    const { g, svg, title } = await picture('ab \x1b[1;38;5;220mgold\x1b[0m   x\r\n\x1b[31mred');
    expect(
      g.text?.map((text) => [text['#text'], text.x, text.textLength, text.fill, text['font-weight']]),
    ).to.deep.equal([
      ['ab', '0', '16.8', '#d0d0d0', undefined],
      ['gold', '25.2', '33.6', '#ffd700', 'bold'],
      ['x', '84', '8.4', '#d0d0d0', undefined],
      ['red', '0', '25.2', '#cc4444', undefined],
    ]);
    expect(title).to.equal('a & b <c>');
    expect(svg).to.match(/^<svg [^>]*viewBox="0 0 192 96"/);
  });

  it('paints backgrounds, also of blanks, and inverse ones', async () => {
    const { g } = await picture('\x1b[48;2;1;2;3m  a \x1b[0m\x1b[7mb\x1b[0m');
    expect(g.rect).to.deep.equal([
      { x: '0', y: '0', width: '33.6', height: '18', fill: '#010203' },
      { x: '33.6', y: '0', width: '8.4', height: '18', fill: '#d0d0d0' },
    ]);
    expect(g.text?.map((text) => [text['#text'], text.fill])).to.deep.equal([
      ['a', '#d0d0d0'],
      ['b', '#16161a'],
    ]);
  });

  it('draws lines, dots and blocks itself: fonts leave gaps between them', async () => {
    const { g } = await picture('┌─┐⠁⣿▁█');
    expect(g.text).to.equal(undefined);
    const shapes = g.path![0]!.d.split('M').length - 1;
    expect(shapes).to.equal(2 + 2 + 2 + 1 + 8 + 1 + 1);
    expect(g.path![0]!.d.endsWith('M50.4 0h8.4v18h-8.4z')).to.equal(true); // the full block fills its cell
  });

  it('gives wide characters two cells and keeps what stands behind them in place', async () => {
    const { g } = await picture('金x Vàng');
    expect(g.text?.map((text) => [text['#text'], text.x, text.textLength])).to.deep.equal([
      ['金', '0', '16.8'],
      ['x Vàng', '16.8', '50.4'],
    ]);
  });

  it('is well formed whatever is on the screen', async () => {
    const { g } = await picture('<&>"\'  a\u0306 \u{1f4b0} &amp; ]]>');
    expect(g.text?.map((text) => text['#text'])).to.deep.equal(['<&>"\'', 'a\u0306 \u{1f4b0} &amp; ]]>']);
  });
});
