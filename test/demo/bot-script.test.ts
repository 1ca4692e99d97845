import { expect } from 'chai';
import { AN_PERSONA, BINH_PERSONA, BotScript, openingMessages } from '../../src/demo/bot-script.ts';
import { SeededRandom } from '../../src/demo/seeded-random.ts';

type Seen = Parameters<BotScript['onQuote']>[0];
type Read = Parameters<BotScript['onPost']>[0];

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
const talk = () => new BotScript(AN_PERSONA, new SeededRandom(1));

describe('BotScript', () => {
  it('comments on a move, once', () => {
    const an = talk();
    an.onQuote(quote('SJC', 180_000_000));
    an.onQuote(quote('SJC', 181_800_000));
    const saying = an.nextMessage();
    expect(saying).to.include({ kind: 'post', topic: 'gold' });
    expect(saying).to.have.property('text').that.includes('SJC 181,800,000').and.includes('+1.00%');
    for (let i = 0; i < 20; i++) {
      const next = an.nextMessage();
      if (next?.kind === 'post') expect(next.text).to.not.match(/%/);
    }
  });

  it('answers members who mention it or write in its topic, with the requested price', () => {
    const an = talk();
    an.onQuote(quote('SJC', 180_000_000));
    an.onPost(post('leia', '@bot-an sjc?', { topic: 'crypto', mentions: ['bot-an'] }));
    expect(an.nextMessage()).to.deep.equal({
      kind: 'post',
      topic: 'crypto',
      replyTo: 7,
      text: '@leia SJC 180,000,000. SIMULATED, like everything here',
    });
    an.onPost(post('leia', 'hello'));
    expect(an.nextMessage())
      .to.have.property('text')
      .that.matches(/^@leia I am a demo bot/);
  });

  it('ignores itself, messages to others, deletions and edits', () => {
    for (const [text, more] of [
      ['hello', { member: 'bot-an' }],
      ['hello @han', { mentions: ['han'] }],
      ['hello', { topic: 'crypto' }],
      ['hello', { editedAt: 5 }],
      ['hello', { text: null, deletedAt: 5 }],
    ] as const) {
      const an = talk();
      an.onPost(post('leia', text, more as Partial<Read>));
      expect(an.nextMessage(), JSON.stringify(more)).to.equal(undefined);
    }
  });

  it('answers its friend if mentioned, and never starts an endless conversation', () => {
    const [an, binh] = [
      new BotScript(AN_PERSONA, new SeededRandom(1)),
      new BotScript(BINH_PERSONA, new SeededRandom(2)),
    ];
    an.onPost(post('bot-binh', 'and gold?'));
    expect(an.nextMessage()).to.equal(undefined);
    an.onPost(post('bot-binh', '@bot-an and gold?', { mentions: ['bot-an'], topic: 'crypto' }));
    const answer = an.nextMessage();
    expect(answer).to.include({ kind: 'post', topic: 'crypto', replyTo: 7 });
    binh.onPost(post('bot-an', (answer as { text: string }).text, { topic: 'crypto' }));
    expect(binh.nextMessage()).to.equal(undefined);
  });

  it('edits and deletes a post now and then', () => {
    const an = talk();
    const kinds = new Set<string>();
    for (let number = 1; number <= 18; number++) {
      an.onPosted(number, 'Tea?');
      const saying = an.nextMessage();
      if (saying) kinds.add(`${saying.kind} ${'number' in saying ? saying.number : ''}`);
    }
    expect(kinds).to.deep.equal(new Set(['edit 9', 'delete 18']));
  });

  it('queues few answers', () => {
    const an = talk();
    for (let i = 0; i < 100; i++) an.onPost(post('leia', 'hello'));
    const said = Array.from({ length: 100 }, () => an.nextMessage()).filter((saying) => saying !== undefined);
    expect(said).to.have.length(3);
  });

  it('starts with replies, mentions, topics, an edit and a deletion', () => {
    const lines = openingMessages(() => 4500, 'you');
    expect(new Set(lines.map(({ topic }) => topic))).to.deep.equal(new Set(['lobby', 'gold', 'crypto']));
    expect(lines.map(({ followUp }) => followUp?.kind).filter(Boolean)).to.deep.equal(['edit', 'delete']);
    for (const [i, { replyTo, text }] of lines.entries()) {
      if (replyTo !== undefined) expect(replyTo).to.be.below(i);
      expect(text).to.not.match(/undefined|NaN/);
    }
    expect(lines.at(-1)!.text).to.include('@you');
  });
});
