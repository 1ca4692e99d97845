import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Robot } from './robot.ts';
import { Room } from './room.ts';

describe('files from terminal to terminal', function () {
  this.timeout(60_000);
  const content = Buffer.alloc(3_000_000, 'lecture');
  let room: Room;
  let lecture: string;

  beforeEach(async () => {
    room = await Room.open();
    lecture = join(room.folder, 'lecture1.mp4');
    await writeFile(lecture, content);
  });

  afterEach(() => room.stop());

  it('go by UPD in one dashboard and ACCEPT in the other, while everything else goes on', async () => {
    const [yoda, han] = [await room.memberAtHome('yoda'), await room.memberAtHome('han')];
    const sender = room.robot({ env: yoda.env });
    const receiver = room.robot({ env: han.env, columns: 150, rows: 40 });
    await Promise.all([
      sender.see('● online'),
      receiver.see('● online'),
      room.untilReachable('yoda'),
      room.untilReachable('han'),
    ]);
    await receiver.see('UPD user file sends');
    sender.say(`UPD han ${lecture}`);
    await receiver.see('yoda offers lecture1.mp4 (3.0 MB): ACCEPT 1 or DECLINE 1');
    await receiver.see('─ Transfers  1 offered');
    sender.say('MSG Did you get it?');
    await receiver.see('Did you get it?');
    receiver.say('ACCEPT 1');
    await receiver.see('Received lecture1.mp4 from yoda');
    await sender.see('lecture1.mp4 has been uploaded');
    await receiver.see(/↓ lecture1\.mp4 +100%/);
    await receiver.see(/█{6} received/);
    await sender.see(/↑ lecture1\.mp4/);
    expect(await readFile(join(han.downloads, 'lecture1.mp4'))).to.deep.equal(content);
    sender.say('UPD han /nowhere/at/all');
    await sender.see(/nowhere/);
    for (const robot of [sender, receiver]) {
      robot.press('ctrl-c');
      expect((await robot.exited).exitCode).to.equal(0);
    }
  });

  it('go from a share to a fetch, and Ctrl-C ends both cleanly', async () => {
    const [leia, luke] = [await room.memberAtHome('leia'), await room.memberAtHome('luke')];
    const share = room.robot({ args: ['files', 'share', lecture], env: leia.env });
    await share.see('lecture1.mp4 is published (3.0 MB');
    await share.see('Serving files. Press Ctrl-C to stop.');
    const slow = room.robot({ args: ['files', 'fetch', 'lecture1.mp4', '--limit', '300kB'], env: luke.env });
    await slow.see(/lecture1\.mp4 {2}[█░]+ +[1-9]\d*% /); // before that, it is not told how far it came
    await share.see('luke is downloading lecture1.mp4 (3.0 MB).');
    slow.press('ctrl-c');
    await slow.see(/Interrupted at \d+%\. Run the command again to resume/);
    expect((await slow.exited).exitCode).to.equal(1);
    const again = room.robot({ args: ['files', 'fetch', 'lecture1.mp4'], env: luke.env });
    expect((await again.exited).exitCode).to.equal(0);
    expect(again.text).to.include('Received lecture1.mp4 from leia');
    expect(await readFile(join(luke.downloads, 'lecture1.mp4'))).to.deep.equal(content);
    share.press('ctrl-c');
    await share.see('Stopped serving.');
    expect((await share.exited).exitCode).to.equal(0);
  });

  it('are asked about by a receiver at a terminal', async () => {
    const [lando, chewie] = [await room.memberAtHome('lando'), await room.memberAtHome('chewie')];
    const receiver: Robot = room.robot({ args: ['files', 'receive', '--once'], env: lando.env });
    await receiver.see('Waiting for files as lando');
    await room.untilReachable('lando');
    const refused = room.run(['files', 'send', 'lando', lecture], chewie.env);
    await receiver.see('chewie offers lecture1.mp4 (3.0 MB). Accept? [y/N]');
    receiver.say('n');
    await receiver.see('Declined lecture1.mp4');
    const { exit, stderr } = await refused;
    expect(exit, stderr).to.equal(1);
    expect(stderr).to.include('lando declined lecture1.mp4');
    const sent = room.run(['files', 'send', 'lando', lecture], chewie.env);
    await receiver.until((text) => text.split('Accept?').length === 3, 'to be asked again');
    receiver.say('y');
    await receiver.see('Received lecture1.mp4 from chewie');
    expect((await receiver.exited).exitCode).to.equal(0);
    expect(await sent).to.include({ exit: 0 });
  });
});
