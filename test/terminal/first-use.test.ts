import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { resolveHome } from '../../src/home-directory.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { Robot } from './robot.ts';

describe('a sign-in at several servers', function () {
  this.timeout(60_000);
  let room: DaemonFixture;

  before(async () => {
    room = await DaemonFixture.start();
    const client = await room.connectAfar();
    await client.signUp({ name: 'leia', password: 'Alderaan!' });
    await client.close();
  });
  after(() => room.stop());

  for (const answer of ['y', 'n']) {
    it(`is given to the others where they are confirmed: ${answer}`, async () => {
      const home = await room.anotherHome();
      const [tls, plain] = [room.address, `tcp://${room.address}`];
      const robot = new Robot({
        args: ['account', 'signin', 'leia', '--server', `${tls},${plain}`],
        env: { GOLDCTL_HOME: home.root },
        columns: 200,
        rows: 20,
      });
      await robot.see('Password for leia:');
      robot.say('Alderaan!');
      await robot.see(`${plain} has not received the sign-in of leia before. It has no certificate.`);
      robot.say(answer);
      expect(await robot.exited).to.include({ exitCode: 0 });
      const { credentialsFile } = await resolveHome({ GOLDCTL_HOME: home.root });
      const kept = JSON.parse(await readFile(credentialsFile, 'utf8'));
      const servers = answer === 'y' ? [`tls://${tls}`, plain] : [`tls://${tls}`];
      expect(kept).to.have.all.keys(servers);
      expect(kept[`tls://${tls}`]).to.include({ name: 'leia' });
    });
  }
});
