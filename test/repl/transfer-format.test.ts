import { stripVTControlCharacters } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Transfer, TransferState } from '../../src/domain/transfer.ts';
import { COLOUR_STYLE, type OutputFormat, PLAIN_STYLE } from '../../src/repl/output-format.ts';
import { displayWidth } from '../../src/repl/text-width.ts';
import {
  completionDetails,
  describeState,
  joinPeerNames,
  offerLine,
  progressLine,
  stateLabel,
  transferNotice,
  transferOverviewLines,
} from '../../src/repl/transfer-format.ts';
import { TransferReporter } from '../../src/repl/transfer-reporter.ts';

const NOW = Date.UTC(2026, 10, 21);
const PAPER: OutputFormat = { width: 100, unicode: true, style: PLAIN_STYLE, now: NOW };

function transfer(more: Partial<Transfer> = {}): Transfer {
  return {
    id: 3,
    direction: 'in',
    peers: [{ member: 'Yoda', path: 'direct' }],
    name: 'lecture1.mp4',
    size: 100_000_000,
    files: 1,
    done: 45_000_000,
    bytesPerSecond: 5_500_000,
    state: 'active',
    startedAt: NOW,
    endedAt: null,
    place: null,
    reason: null,
    status: null,
    savedAs: null,
    ...more,
  };
}
const done = (more: Partial<Transfer> = {}): Transfer =>
  transfer({ state: 'done', done: 100_000_000, bytesPerSecond: 0, endedAt: NOW + 20_000, status: 205, ...more });

describe('transfers in words', () => {
  it('say how each stands; their ends are in the words of the seed', () => {
    const out = { direction: 'out' } as const;
    const said = [
      transfer(),
      transfer({ state: 'hashing', ...out }),
      transfer({ state: 'offered', ...out }),
      transfer({ state: 'offered' }),
      transfer({ state: 'connecting', reason: 'no answer yet' }),
      transfer({ state: 'queued', place: 2 }),
      done(),
      done(out),
      transfer({ state: 'failed', reason: 'The disk is full.' }),
      transfer({ state: 'failed', ...out }),
      transfer({ state: 'declined', reason: 'too large', ...out }),
      transfer({ state: 'declined' }),
      transfer({ state: 'cancelled', peers: [] }),
    ].map(describeState);
    expect(said).to.deep.equal([
      'lecture1.mp4: 45% of 100 MB, 5.5 MB/s, 10 s left, Yoda (direct).',
      'Reading lecture1.mp4 to compute its hash.',
      'Offered lecture1.mp4 (100 MB) to Yoda; waiting for a reply.',
      'Yoda offers lecture1.mp4 (100 MB): ACCEPT 3 or DECLINE 3',
      'Connecting to Yoda for lecture1.mp4: no answer yet',
      'lecture1.mp4 is queued at Yoda, position 2.',
      'Received lecture1.mp4 from Yoda',
      'lecture1.mp4 has been uploaded',
      'lecture1.mp4 was not received from Yoda: The disk is full.',
      'lecture1.mp4 was not sent to Yoda.',
      'Yoda declined lecture1.mp4: too large',
      'You declined lecture1.mp4 (3).',
      'lecture1.mp4 was cancelled.',
    ]);
    expect(stateLabel(transfer({ state: 'queued', place: 2 }))).to.equal('queued (2)');
    const course = { tookMs: 20_000, paths: ['direct' as const] };
    expect(completionDetails(done({ savedAs: '/tmp/lecture1.mp4' }), course)).to.equal(
      'Saved as /tmp/lecture1.mp4; 100 MB in 20 s, 5.0 MB/s, direct.',
    );
    expect(joinPeerNames(['a', 'b', 'c', 'a'].map((member) => ({ member })))).to.equal('a, b and c');
    expect(offerLine({ id: 1, member: 'Yoda', name: 'photos', size: 5, files: 3 })).to.equal(
      'Yoda offers photos (3 files, 5 B): ACCEPT 1 or DECLINE 1',
    );
  });

  it('never let what others wrote reach the terminal as it is', () => {
    const states: TransferState[] = ['hashing', 'offered', 'connecting', 'queued', 'active', 'done', 'failed'];
    for (const state of [...states, 'declined', 'cancelled'] as const) {
      const evil = '\x1b]0;x\x07\u202ename\n';
      const one = transfer({ state, name: evil, reason: evil, peers: [{ member: evil, path: null }], savedAs: evil });
      const all = [
        describeState(one),
        completionDetails(one, { tookMs: null, paths: [] }),
        progressLine(one, PAPER),
        ...transferOverviewLines([one], [], PAPER),
      ];
      for (const line of all) expect(line).to.not.match(/[\p{Cc}\u202e]/u);
    }
  });

  it('are one line with a bar that takes the room that is left', () => {
    expect(progressLine(transfer(), PAPER)).to.equal(
      `lecture1.mp4  ${'█'.repeat(11)}${'░'.repeat(14)}  45%  5.5 MB/s  10 s left  45.0 MB of 100 MB  Yoda (direct)`,
    );
    expect(progressLine(transfer(), { ...PAPER, width: 40, unicode: false })).to.equal(
      'lecture1.mp4  ####......  45%  5.5 MB/s',
    );
    expect(progressLine(done(), { ...PAPER, width: 30 })).to.match(/^lecture1.mp4 {2}█+ 100%$/);
    const coloured = progressLine(transfer(), { ...PAPER, style: COLOUR_STYLE });
    expect(stripVTControlCharacters(coloured)).to.equal(progressLine(transfer(), PAPER));
    expect(coloured).to.not.equal(stripVTControlCharacters(coloured));
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 300 }),
        fc.string({ unit: 'grapheme' }),
        fc.nat(200_000_000),
        fc.boolean(),
        (width, name, bytes, unicode) => {
          const line = progressLine(transfer({ name, done: bytes }), { ...PAPER, width, unicode });
          expect(displayWidth(line)).to.be.below(width);
        },
      ),
    );
  });

  it('are news when they end, wait, or go another way', () => {
    const lines = (before: Transfer | undefined, now: Transfer, isOwn = true) =>
      transferNotice(before, now, isOwn)?.lines;
    expect(lines(undefined, transfer({ state: 'connecting' }))).to.equal(undefined);
    expect(lines(transfer({ state: 'connecting' }), transfer())).to.equal(undefined);
    expect(lines(transfer(), transfer({ done: 50_000_000 }))).to.equal(undefined);
    const relayed = [{ member: 'Yoda', path: 'relayed' as const }];
    expect(lines(transfer({ state: 'connecting' }), transfer({ peers: relayed }))).to.deep.equal([
      'lecture1.mp4 is relayed by the daemon: no direct connection to Yoda was found.',
    ]);
    expect(lines(transfer(), transfer({ state: 'connecting', reason: 'Yoda is gone' }))).to.deep.equal([
      'lecture1.mp4: Yoda is gone; reconnecting.',
    ]);
    expect(lines(transfer(), done({ savedAs: '/x' }))).to.deep.equal(['Received lecture1.mp4 from Yoda']);
    expect(transferNotice(transfer(), transfer({ state: 'failed' }), true)?.tone).to.equal('bad');
    const out = { direction: 'out' } as const;
    expect(lines(transfer({ ...out, state: 'connecting' }), transfer({ ...out, state: 'offered' }))).to.have.length(1);
    expect(lines(undefined, transfer({ state: 'offered' }))).to.equal(undefined); // the offer itself is told
    expect(lines(undefined, transfer(out), false)).to.deep.equal(['Yoda is downloading lecture1.mp4 (100 MB).']);
    expect(lines(transfer(out), done(out), false)).to.deep.equal(['Yoda downloaded lecture1.mp4.']);
  });

  it('are followed to their end, which says how they went', () => {
    let now = NOW;
    const teller = new TransferReporter(() => now);
    expect(teller.report(transfer({ state: 'connecting', peers: [{ member: 'Yoda', path: null }] }), true)).to.equal(
      undefined,
    );
    now += 60_000;
    teller.report(transfer(), true);
    const end = done({ endedAt: now + 20_000, savedAs: '/x', peers: [{ member: 'Yoda', path: null }] });
    expect(teller.report(end, true)?.lines).to.deep.equal([
      'Received lecture1.mp4 from Yoda',
      'Saved as /x; 100 MB in 20 s, 5.0 MB/s, direct.',
    ]);
    expect(teller.report(done({ id: 4, savedAs: '/y', peers: [] }), true)?.lines[1]).to.equal('Saved as /y; 100 MB.');
    expect(teller.report(done({ id: 5 }), false)?.lines).to.have.length(1);
  });

  it('are listed: offers first, then what is under way, then what is over', () => {
    const offer = { id: 9, member: 'Han', name: 'x', size: 1, files: 1 };
    const all = [done({ id: 1, savedAs: '/x' }), transfer({ id: 2 }), transfer({ id: 9, state: 'offered' })];
    const lines = transferOverviewLines(all, [offer], PAPER);
    expect(lines).to.deep.equal([
      'Han offers x (1 B): ACCEPT 9 or DECLINE 9',
      'No  File          Direction  Member           Size  Done     Speed  Left  State     Details',
      ' 2  lecture1.mp4  in         Yoda (direct)  100 MB   45%  5.5 MB/s  10 s  active    ',
      ' 1  lecture1.mp4  in         Yoda (direct)  100 MB  100%                  received  /x',
    ]);
    expect(transferOverviewLines([], [], PAPER)[0]).to.match(/^There are no offers and no transfers\. .*UPD.*FETCH/);
  });
});
