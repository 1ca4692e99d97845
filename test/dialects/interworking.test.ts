import { expect } from 'chai';
import { formatDate, formatForumTime } from '../../src/domain/time.ts';
import type { DaemonFixture } from '../daemon-fixture.ts';
import { Wire } from '../server/wire.ts';
import { ForumClient, GoldClient, MarketClient, SUFFIX, startFor } from './clients.ts';

describe('legacy and new clients', () => {
  let fixture: DaemonFixture;
  before(async () => {
    fixture = await startFor(['gold', 'forum', 'market']);
  });
  after(() => fixture.stop());

  it('share accounts: an account created by gold works everywhere', async () => {
    const gold = await GoldClient.open(fixture);
    await gold.ask('-signup');
    expect(await gold.ask('yoda do or do not')).to.match(/^A new account has been created\. WELCOME "yoda"\n/);
    await gold.ask('-quit');
    await gold.wire.over();
    const forum = await ForumClient.open(fixture);
    expect(await forum.signIn('yoda', 'do or do not')).to.equal(`Welcome yoda!${SUFFIX}`);
    await forum.ask('OUT');
    const wire = await Wire.greet(fixture.address);
    await wire.result('account.signIn', { name: 'yoda', password: 'do or do not' });
    const again = await GoldClient.open(fixture);
    await again.ask('-signup');
    expect(await again.ask('yoda secret')).to.match(/^Account is already exists/);
    again.wire.kill();
    wire.close();
  });

  it('read the same posts, with the same numbers', async () => {
    const wire = await Wire.member(fixture.address, 'leia');
    await wire.result('watch', { forum: true });
    await (await Wire.member(fixture.address, 'hans')).result('account.signOut');
    const hans = await ForumClient.signedIn(fixture, 'hans');
    const [, first, at] = /^Message #(\d+) posted at (.+)\n/.exec(await hans.ask('MSG from the old one'))!;
    const seen = await wire.wait(({ method, params }) => method === 'post' && params.post.number === Number(first));
    expect(seen.params.post).to.include({ member: 'hans', text: 'from the old one', topic: 'lobby' });
    const { stdout: screen } = await fixture.run(['attach', '--once', '--columns', '160', '--rows', '45']);
    expect(screen).to.include('from the old one');
    const { post } = await wire.result('forum.post', { text: 'from the new one', topic: 'gold' });
    expect(post.number).to.equal(Number(first) + 1);
    expect(await hans.ask(`RDM ${at}`)).to.equal(
      `Read message successfully. The new message is:\n#${first}; hans: "from the old one" posted at ${at}.\n` +
        `#${post.number}; leia: "from the new one" posted at ${formatForumTime(post.at)}.\n${SUFFIX}`,
    );
    // A deleted post keeps its number: the next post has another.
    await hans.ask(`DLT #${first} ${at}`);
    const gone = await wire.wait(({ method, params }) => method === 'post' && params.post.deletedAt !== null);
    expect(gone.params.post).to.include({ number: Number(first), text: null, deletedBy: 'hans' });
    await wire.result('forum.delete', { number: post.number });
    expect(await hans.ask(`RDM ${at}`)).to.equal(`Read message failed. There is no new message${SUFFIX}`);
    expect(await hans.ask('MSG next')).to.match(new RegExp(`^Message #${post.number + 1} posted at `));
    hans.wire.kill();
    wire.close();
  });

  it('accept the time at which a post was last changed, by any client', async () => {
    const hans = await ForumClient.signedIn(fixture, 'hans');
    const [, number, at] = /^Message #(\d+) posted at (.+)\n/.exec(await hans.ask('MSG mine'))!;
    await hans.ask('OUT');
    const wire = await Wire.member(fixture.address, 'hans');
    while (formatForumTime(Date.now()) === at) await new Promise((resolve) => setImmediate(resolve)); // in seconds
    const { post } = await wire.result('forum.edit', { number: Number(number), text: 'edited' });
    await wire.result('account.signOut');
    wire.close();
    const again = await ForumClient.signedIn(fixture, 'hans');
    expect(await again.ask(`DLT #${number} ${at}`)).to.match(/^Delete the message failed/);
    expect(await again.ask(`DLT #${number} ${formatForumTime(post.editedAt)}`)).to.match(/^Delete the message success/);
    again.wire.kill();
  });

  it('answer from the same quotes', async () => {
    const owner = await fixture.connect();
    const now = Date.now();
    await owner.call('rates.import', { instrument: 'SJC', rows: [[now, 170_000_000, 173_500_000]] });
    await owner.call('rates.import', { instrument: 'ETH', rows: [[now, 1655, 1655]] });
    const [quote] = (await owner.call('rates.get', { instrument: 'SJC' })).quotes;
    const gold = await GoldClient.open(fixture);
    await gold.ask('-signup');
    await gold.ask('trader secret');
    const day = formatDate(now);
    expect(await gold.ask(`${day} SJC`)).to.include('|BUY: 170,000,000\t\t|\n|SELL: 173,500,000\t|');
    expect(await gold.ask(`${day} Ethereum`)).to.include('|BUY: 1,655.00\t\t|\n|SELL: 1,655.00\t|');
    const market = await MarketClient.open(fixture);
    expect(await market.ask('MARKET ETH')).to.equal('{"status":"OK","data":1655.0}');
    expect(await market.ask('MARKET SJC')).to.equal(`{"status":"OK","data":${quote!.sell}.0}`);
    expect(await market.ask('MARKET ALL')).to.equal('{"status":"OK","data":{"Ethereum":1655.0}}');
    gold.wire.kill();
    market.wire.kill();
  });
});
