import { expect } from 'chai';
import { assertTransferDone } from '../../src/cli/transfer-follower.ts';
import { TransferProgress } from '../../src/cli/transfer-progress.ts';
import type { AppError } from '../../src/domain/app-error.ts';
import { transfer } from './transfers.ts';

/** Begins a line on a terminal anew. */
const CLEAR = '\r\x1b[K';

class Paper {
  readonly isTTY: boolean;
  readonly columns = 60;
  text = '';

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }
}

describe('the progress of a transfer', () => {
  let clock = 0;
  const env = { LANG: 'C.UTF-8', NO_COLOR: '1', TERM: 'xterm' };
  const made = (isTTY: boolean, isJson = false) => {
    clock = 0;
    const paper = new Paper(isTTY);
    return { paper, progress: new TransferProgress({ isJson, terminal: paper, lines: paper, env, now: () => clock }) };
  };

  it('is one line on a terminal, written anew ten times a second at most', () => {
    const { paper, progress } = made(true);
    for (; clock < 1000; clock += 20) progress.show(transfer({ done: 45 + clock / 100 }));
    const frames = paper.text.split(CLEAR).slice(1);
    expect(frames).to.have.length(10);
    expect(frames[0]).to.equal('lecture1.mp4  █████████░░░░░░░░░░░░░  45%  11 B/s  5 s left');
    progress.show(transfer({ state: 'queued', place: 1 }));
    expect(paper.text).to.match(/is queued at Yoda, position 1\.$/);
    progress.end();
    expect(paper.text.endsWith(CLEAR)).to.equal(true);
  });

  it('gives way to a question', () => {
    const { paper, progress } = made(true);
    progress.show(transfer());
    progress.pause();
    const before = paper.text;
    clock = 500;
    progress.show(transfer());
    expect(paper.text).to.equal(before);
    progress.resume();
    progress.show(transfer());
    expect(paper.text).to.not.equal(before);
  });

  it('is a line a second elsewhere, and one a change', () => {
    const { paper, progress } = made(false);
    progress.show(transfer({ state: 'connecting', done: 0 }));
    for (; clock < 2500; clock += 50) progress.show(transfer());
    progress.show(transfer({ state: 'done' }));
    expect(paper.text.split('\n')).to.deep.equal([
      'Connecting to Yoda for lecture1.mp4.',
      ...Array(3).fill('lecture1.mp4: 45% of 100 B, 11 B/s, 5 s left, Yoda (direct).'),
      '',
    ]);
  });

  it('is an object a line for programs, the last one too', () => {
    const { paper, progress } = made(false, true);
    progress.show(transfer());
    clock = 100;
    progress.show(transfer());
    progress.show(transfer({ state: 'done' }));
    const lines = paper.text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).progress.state)).to.deep.equal(['active', 'done']);
  });
});

describe('the end of a transfer', () => {
  it('is a failure with its status where it is not done', () => {
    expect(assertTransferDone(transfer({ state: 'done' }))).to.include({ id: 1 });
    const caught = (more: Parameters<typeof transfer>[0]): AppError => {
      try {
        assertTransferDone(transfer(more));
      } catch (thrown) {
        return thrown as AppError;
      }
      throw new Error('It was done.');
    };
    const declined = caught({ direction: 'out', state: 'declined', reason: 'too large', status: 416 });
    expect(declined).to.include({ code: 'NOT_ALLOWED', message: 'Yoda declined lecture1.mp4: too large', exit: 1 });
    expect(declined.data).to.include({ state: 'declined', why: 'too large' });
    expect(caught({ state: 'failed', status: 410 }).code).to.equal('GONE');
    expect(caught({ state: 'failed', status: 999 }).code).to.equal('NOT_AVAILABLE');
  });
});
