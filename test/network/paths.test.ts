import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { skip } from '../skip.ts';
import { type Machine, type Nat, Network, noNetwork } from './network.ts';
import { Room } from './room.ts';

const SIZE = 1024 * 1024 + 1;

describe('members behind NATs', function () {
  this.timeout(60_000);
  let network: Network;
  let room: Room;

  before(function () {
    const missing = noNetwork({ nat: true });
    if (missing !== undefined) skip(this, missing);
  });

  beforeEach(async () => {
    network = new Network();
    room = await Room.open({ machine: network.internet() });
  });

  afterEach(async () => {
    await room?.close();
    await network?.remove();
  });

  /** The paths by which a file from one machine reached the other, as shown by both. */
  async function carried(from: Machine, to: Machine): Promise<string[]> {
    const sender = await room.join('sender', { machine: from });
    const receiver = await room.join('receiver', { machine: to });
    await receiver.allow(sender.name, SIZE);
    const path = join(room.folder, 'content');
    const content = randomBytes(SIZE);
    await writeFile(path, content);
    const id = await sender.send(receiver.name, path);
    const sent = await sender.finished(id);
    expect(sent.state, `${sent.reason}`).to.equal('done');
    const received = await receiver.sees(({ direction, state }) => direction === 'in' && state === 'done');
    expect((await readFile(received.savedAs!)).equals(content)).to.equal(true);
    return [...new Set([...sender.paths, ...receiver.paths])];
  }

  const cases: readonly [Nat, Nat, string][] = [
    ['cone', 'cone', 'direct'],
    ['cone', 'symmetric', 'relayed'],
    ['symmetric', 'cone', 'relayed'],
    ['symmetric', 'symmetric', 'relayed'],
  ];
  for (const [one, other, path] of cases) {
    it(`${one} and ${other}: ${path}`, async () => {
      const [near] = network.behind(one, 'near');
      const [far] = network.behind(other, 'far');
      expect(await carried(near!, far!)).to.deep.equal([path]);
    });
  }

  it('behind the same NAT: lan', async () => {
    const [near, far] = network.behind('symmetric', 'home', 2);
    expect(await carried(near!, far!)).to.deep.equal(['lan']);
  });
});
