import { expect } from 'chai';
import { Chance } from '../../src/demo/chance.ts';
import { AN, BINH, opening, Talk } from '../../src/demo/talk.ts';

type Seen = Parameters<Talk['sees']>[0];
type Read = Parameters<Talk['reads']>[0];

const quote = (instrument: string, sell: number, market: Seen['market'] = 'gold'): Seen => ({
  instrument,
  market,
  provider: 'simulated',
  company: 'SIMULATED',
  brand: '',
  buy: sell,
  sell,
  currency: market === 'gold' ? 'VND' : 'USD',
  unit: market === 'gold' ? 'tael' : 'coin',
  at: 0,
  checkedAt: 0,
  id: 'A',
  stale: false,
});
const post = (member: string, text: string, more: Partial<Read> = {}): Read => ({
  number: 7,
  member,
  text,
  topic: 'lobby',
  replyTo: null,
  mentions: [],
  at: 0,
  editedAt: null,
  deletedAt: null,
  deletedBy: null,
  seq: 1,
  ...more,
});
const talk = () => new Talk(AN, new Chance(1));

describe('the talk of a bot', () => {
  it('remarks on a move, once', () => {
    const an = talk();
    an.sees(quote('SJC', 180_000_000));
    an.sees(quote('SJC', 181_800_000));
    const saying = an.next();
    expect(saying).to.include({ kind: 'post', topic: 'gold' });
    expect(saying).to.have.property('text').that.includes('SJC 181,800,000').and.includes('+1.00%');
    for (let i = 0; i < 20; i++) {
      const next = an.next();
      if (next?.kind === 'post') expect(next.text).to.not.match(/%/);
    }
  });

  it('answers people who name it or write where it sits, with the price that they ask for', () => {
    const an = talk();
    an.sees(quote('SJC', 180_000_000));
    an.reads(post('leia', '@bot-an sjc?', { topic: 'crypto', mentions: ['bot-an'] }));
    expect(an.next()).to.deep.equal({
      kind: 'post',
      topic: 'crypto',
      replyTo: 7,
      text: '@leia SJC 180,000,000. SIMULATED, like everything here',
    });
    an.reads(post('leia', 'hello'));
    expect(an.next())
      .to.have.property('text')
      .that.matches(/^@leia I am a bot/);
  });

  it('leaves others alone: itself, people who talk to others, what is deleted or mended', () => {
    for (const [text, more] of [
      ['hello', { member: 'bot-an' }],
      ['hello @han', { mentions: ['han'] }],
      ['hello', { topic: 'crypto' }],
      ['hello', { editedAt: 5 }],
      ['hello', { text: null, deletedAt: 5 }],
    ] as const) {
      const an = talk();
      an.reads(post('leia', text, more as Partial<Read>));
      expect(an.next(), JSON.stringify(more)).to.equal(undefined);
    }
  });

  it('answers its friend where it is named, and never starts a talk without end', () => {
    const [an, binh] = [new Talk(AN, new Chance(1)), new Talk(BINH, new Chance(2))];
    an.reads(post('bot-binh', 'and gold?'));
    expect(an.next()).to.equal(undefined);
    an.reads(post('bot-binh', '@bot-an and gold?', { mentions: ['bot-an'], topic: 'crypto' }));
    const answer = an.next();
    expect(answer).to.include({ kind: 'post', topic: 'crypto', replyTo: 7 });
    binh.reads(post('bot-an', (answer as { text: string }).text, { topic: 'crypto' }));
    expect(binh.next()).to.equal(undefined);
  });

  it('mends and takes back a post now and then', () => {
    const an = talk();
    const kinds = new Set<string>();
    for (let number = 1; number <= 18; number++) {
      an.posted(number, 'Tea?');
      const saying = an.next();
      if (saying) kinds.add(`${saying.kind} ${'number' in saying ? saying.number : ''}`);
    }
    expect(kinds).to.deep.equal(new Set(['edit 9', 'delete 18']));
  });

  it('does not pile up answers', () => {
    const an = talk();
    for (let i = 0; i < 100; i++) an.reads(post('leia', 'hello'));
    const said = Array.from({ length: 100 }, () => an.next()).filter((saying) => saying !== undefined);
    expect(said).to.have.length(3);
  });

  it('opens with answers, mentions, topics, an edit and a deletion', () => {
    const lines = opening(() => 4500, 'you');
    expect(new Set(lines.map(({ topic }) => topic))).to.deep.equal(new Set(['lobby', 'gold', 'crypto']));
    expect(lines.map(({ after }) => after?.kind).filter(Boolean)).to.deep.equal(['edit', 'delete']);
    for (const [i, { replyTo, text }] of lines.entries()) {
      if (replyTo !== undefined) expect(replyTo).to.be.below(i);
      expect(text).to.not.match(/undefined|NaN/);
    }
    expect(lines.at(-1)!.text).to.include('@you');
  });
});
