import { expect } from 'chai';
import type { AppError } from '../../src/domain/app-error.ts';
import { ReadModel } from '../../src/projections/read-model.ts';
import { differingKeys, rebuildStore } from '../../src/projections/rebuild.ts';
import { keys } from '../../src/store/keys.ts';
import { memoryStore } from '../store/temporary.ts';
import { quote, TestRoom } from './room.ts';

describe('rebuildStore', () => {
  let room: TestRoom;
  const fresh = async () => {
    const store = memoryStore();
    await store.open();
    return store;
  };

  beforeEach(async () => {
    room = await new TestRoom().start();
    const password = { hash: 'h', salt: 's', N: 2, r: 1, p: 1 };
    await room.engine.journal.append(
      { kind: 'account.created', at: 1, name: '𠮷野', role: 'owner', password },
      { subject: 'account.𠮷野', expect: 0 },
    );
    await room.append('session.opened', 2, { name: '𠮷野', token: 't', expires: 9 });
    await room.append('forum.posted', 3, { member: '𠮷野', text: 'a', topic: 'lobby', replyTo: null, clientId: 'x' });
    await room.append('forum.edited', 4, { number: 1, text: 'b', by: '𠮷野' });
    await room.receive(5, [quote(5, 80), quote(4, 70, { brand: 'Huế' })]);
    await room.import(Array.from({ length: 9000 }, (_, i) => [i * 3_600_000, 1, 2]));
    await room.receive(9e12, []);
    const file = { size: 1, hash: 'h', modified: 1, description: 'Ý', key: 'k' };
    for (const name of ['Ý', 'y', 'Ý']) await room.append('files.published', 6, { member: '𠮷野', name, ...file });
    await room.append('files.unpublished', 7, { member: '𠮷野', name: 'y' });
  });

  afterEach(() => room.stop());

  it('creates the same store from the same journal, which an engine can continue', async () => {
    const into = await fresh();
    await rebuildStore(room.store, into);
    expect(await differingKeys(room.store, into)).to.deep.equal([]);
    await into.close();
    const again = await new TestRoom(into).start();
    expect(again.memory()).to.deep.equal(room.memory());
    expect(again.view.accounts.owners).to.equal(1);
    const names: string[] = [];
    for await (const { name } of again.view.accounts.all()) names.push(name);
    expect(names).to.deep.equal(['𠮷野']);
    expect((await again.append('forum.edited', 5, { number: 1, text: 'c', by: '𠮷野' })).seq).to.equal(12);
    await again.stop();
  });

  it('creates an empty store from an empty journal', async () => {
    const [empty, into] = [await fresh(), await fresh()];
    await rebuildStore(empty, into);
    expect(await into.entries({})).to.deep.equal([]);
    expect(await differingKeys(empty, into)).to.deep.equal([]);
    await new ReadModel(into).load();
  });

  it('differingKeys lists missing, superfluous and different keys', async () => {
    const into = await fresh();
    await rebuildStore(room.store, into);
    const extra = keys.account('𠮷野2');
    await into.write(
      [
        { type: 'del', key: keys.post(1) },
        { type: 'put', key: keys.posts, value: '2' },
        { type: 'put', key: extra, value: '{}' },
        { type: 'put', key: 'zzz', value: '1' },
      ],
      { sync: false },
    );
    const right = [extra, keys.posts, keys.post(1), 'zzz'];
    expect(await differingKeys(room.store, into)).to.deep.equal(right);
    expect(await differingKeys(into, room.store)).to.deep.equal(right);
  });

  it('refuses a journal with a gap, and a damaged record', async () => {
    const codeOf = async () =>
      rebuildStore(room.store, await fresh()).then(
        () => 'none',
        (failure: AppError) => `${failure.code} ${failure.message}`,
      );
    const third = room.store.get(keys.record(3))!;
    const replace = (value: string) => room.store.write([{ type: 'put', key: keys.record(3), value }], { sync: false });
    await replace(third.slice(0, 20));
    expect(await codeOf()).to.match(/^STORE_FAILED Record 3 is damaged/);
    await replace(third.replace('"seq":3', '"seq":2'));
    expect(await codeOf()).to.match(/^STORE_FAILED Record 3 is damaged/);
    await room.store.write([{ type: 'del', key: keys.record(3) }], { sync: false });
    expect(await codeOf()).to.match(/^JOURNAL_HOLE Record 3 is missing/);
    await replace(third);
    expect(await codeOf()).to.equal('none');
  });
});
