import { expect } from 'chai';
import { ImportProgress } from '../../src/cli/progress-line.ts';

describe('progress of an import', () => {
  const figures = { lines: 12_000, stored: 11_000, duplicates: 900, refused: 100 };

  it('shows share, speed and counts on one line, five times a second at most', () => {
    let [now, out] = [1000, ''];
    const progress = new ImportProgress({ write: (text: string) => (out += text) }, 2000, () => now);
    now += 500;
    progress.show(1000, figures);
    progress.show(1500, figures);
    expect(out).to.equal('\r\x1b[K50%, 12,000 lines (24,000/s), 11,000 stored, 900 duplicates, 100 rejected');
    now += 200;
    progress.show(2500, figures);
    expect(out).to.contain('100%');
    progress.end();
    expect(out.endsWith('\r\x1b[K')).to.equal(true);
  });

  it('shows no share where the size is not known, and clears nothing where it showed nothing', () => {
    let out = '';
    const progress = new ImportProgress({ write: (text: string) => (out += text) }, undefined);
    progress.end();
    expect(out).to.equal('');
    progress.show(10, figures);
    expect(out).to.not.contain('%');
  });
});
