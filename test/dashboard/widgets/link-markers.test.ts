import { expect } from 'chai';
import { span } from '../../../src/dashboard/styled-text.ts';
import { cellWidth, toCells } from '../../../src/dashboard/widgets/cells.ts';
import { clipboardSequence, LinkMarkers, supportsLinks } from '../../../src/dashboard/widgets/link-markers.ts';

const URL = 'https://example.org/a';
const linked = (text: string, link = URL) => ({ text, tone: 'text' as const, link });
const OPEN = (id: number, url = URL): string => `\x1b]8;id=goldctl-${id};${url}\x1b\\`;
const CLOSE = '\x1b]8;;\x1b\\';

describe('links on the screen', () => {
  const output = (links: LinkMarkers, ...spans: Parameters<typeof toCells>[0]): string =>
    links.toEscapes(
      toCells(spans, 20, 0, () => 0, links)
        .map(([, text]) => text)
        .join(''),
    );

  it('have one pair of escapes for each run of cells, and one id for all pieces', () => {
    const links = new LinkMarkers();
    expect(output(links, span('see '), linked('https'), span(' x')).trimEnd()).to.equal(
      `see ${OPEN(0)}https${CLOSE} x`,
    );
    expect(output(links, linked('next piece')).trimEnd()).to.equal(`${OPEN(0)}next piece${CLOSE}`);
    expect(output(links, linked('ab'), linked('cd', 'https://b.example')).trimEnd()).to.equal(
      `${OPEN(0)}ab${CLOSE}${OPEN(1, 'https://b.example')}cd${CLOSE}`,
    );
  });

  it('survive colours, wide characters and marks between their cells, and cells that are written alone', () => {
    const links = new LinkMarkers();
    const cells = toCells([linked('aế中b')], 5, 0, () => 0, links).map(([, text]) => text);
    expect(cells.map((text) => cellWidth(text) || 0)).to.deep.equal([1, 1, 2, 0, 1]);
    expect(links.toEscapes(cells.join(''))).to.equal(`${OPEN(0)}aế中b${CLOSE}`);
    expect(links.toEscapes(`\x1b[1m${cells[0]}\x1b[m\x1b[38;5;3m${cells[1]}\x1b[4Cx`)).to.equal(
      `\x1b[1m${OPEN(0)}a\x1b[m\x1b[38;5;3mế${CLOSE}\x1b[4Cx`,
    );
    expect(links.toEscapes(`${cells[4]})`)).to.equal(`${OPEN(0)}b${CLOSE})`);
  });

  it('cannot be forged by what somebody writes', () => {
    const links = new LinkMarkers();
    links.markerOf(URL);
    expect(output(links, span('\u{f0000}x\u{f0001}y')).trimEnd()).to.equal('xy');
  });

  it('start again before the next frame when there are many', () => {
    const links = new LinkMarkers();
    for (let i = 0; i < 2100; i++) links.markerOf(`${URL}/${i}`);
    expect(links.isFull).to.equal(true);
    links.clear();
    expect(links.isFull).to.equal(false);
    expect(output(links, linked('x')).trimEnd()).to.equal(`${OPEN(0)}x${CLOSE}`);
  });

  it('are plain text where the terminal does not know them, and with NO_COLOR', () => {
    for (const TERM of ['vt100', 'vt220', 'linux', 'dumb', 'ansi', 'screen', 'screen.linux', '']) {
      expect(supportsLinks({ TERM }), TERM).to.equal(false);
    }
    for (const TERM of ['xterm-256color', 'tmux-256color', 'alacritty', 'foot', 'xterm-kitty']) {
      expect(supportsLinks({ TERM }), TERM).to.equal(true);
      expect(supportsLinks({ TERM, NO_COLOR: '1' }), TERM).to.equal(false);
    }
    expect(toCells([linked('x')], 1, 0, () => 0)).to.deep.equal([[0, 'x']]);
  });
});

describe('the clipboard', () => {
  it('is reached through tmux and screen, with no byte of the text as it is', () => {
    const base64 = Buffer.from('giá\x1b]vàng').toString('base64');
    const copy = `\x1b]52;c;${base64}\x07`;
    expect(clipboardSequence('giá\x1b]vàng', {})).to.equal(copy);
    expect(clipboardSequence('giá\x1b]vàng', { TMUX: '/tmp/tmux' })).to.equal(`${copy}\x1bPtmux;\x1b${copy}\x1b\\`);
    expect(clipboardSequence('giá\x1b]vàng', { STY: '1.pts' })).to.equal(`\x1bP${copy}\x1b\\`);
  });
});
