// Attacks over connections to the daemon's port.
import { mkdtemp, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exportAccount } from '../../src/cli/account-export.ts';
import { openFileOutput } from '../../src/cli/export-output.ts';
import { Client } from '../../src/client/client.ts';
import { localTarget } from '../../src/client/target.ts';
import { resolveHome } from '../../src/home-directory.ts';
import { Wire } from '../server/wire.ts';
import {
  type Attack,
  callOn,
  closed,
  count,
  greeted,
  newAccount,
  onEach,
  open,
  PASSWORD,
  resumed,
  signIn,
} from './attack.ts';

const NOT_ALLOWED = 416;
const OWNERS = 3;

/** A text that does not compress. */
function han(characters: number): string {
  return String.fromCharCode(...Array.from({ length: characters }, () => 0x4e00 + Math.floor(Math.random() * 20_000)));
}

/** The owner may do what the control socket may. */
async function control(home: string): Promise<Wire> {
  const wire = await Wire.over(connect((await resolveHome({ GOLDCTL_HOME: home })).controlSocket));
  await wire.result('hello', { protocol: 1, client: 'stranger' });
  return wire;
}

export const FLOODS: Readonly<Record<string, Attack>> = {
  /** Invalid lines, and requests beyond the limit, without an account. */
  async F1({ address }, { done }) {
    const lines = ['x', '{}', '[]', '{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"client":"x"}}'];
    onEach(60, async (i) => {
      const socket = await open(address, '127.0.0.2');
      socket.resume().end(`${lines[i % lines.length]}\n`.repeat(30_000));
      await closed(socket);
      count(done, 'connections');
    });
  },

  /** Half-open connections from 160 addresses of one /64. */
  async F3({ address }, { done }) {
    const to = `[2001:db8:1::ffff]${address.slice(address.lastIndexOf(':'))}`;
    onEach(160 * 64, async (i) => {
      const socket = await open(to, `2001:db8:1::${(1 + (i % 160)).toString(16)}`);
      count(done, 'connections');
      await closed(socket);
    });
  },

  /** One account that signs in repeatedly, with the right password. */
  async F4({ address }, { done }) {
    await newAccount(address, '127.0.0.2', 'throwaway');
    onEach(60, async (i) => {
      const wire = await greeted(address, `127.0.0.${2 + (i % 2)}`);
      await callOn(wire, async () => {
        await wire.call('account.signIn', { name: 'throwaway', password: PASSWORD });
        count(done, 'sign-ins');
      });
    });
  },

  /** Members who request all topics and disconnect. */
  async F5({ address }, { done }) {
    const tokens = await Promise.all([0, 1, 2, 3].map((i) => newAccount(address, `127.0.0.${10 + i}`, `reader-${i}`)));
    const line = (id: number, method: string, params: object) =>
      `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
    const topics = Array.from({ length: 58 }, (_, id) => line(id + 10, 'forum.topics', {})).join('');
    onEach(60, async (i) => {
      const socket = await open(address, `127.0.0.${10 + (i % 4)}`);
      const resume = line(2, 'account.resume', { token: tokens[i % 4]! });
      socket.resume().write(`${line(1, 'hello', { protocol: 1, client: 'x' })}${resume}${topics}`);
      await sleep(100);
      socket.destroy();
      count(done, 'connections');
    });
  },

  /** Posts of combining marks only. */
  async F6({ address }, { done }) {
    const token = await newAccount(address, '127.0.0.2', 'poster');
    onEach(15, async () => {
      const wire = await resumed(address, '127.0.0.2', token);
      await callOn(wire, async () => {
        await wire.call('forum.post', { text: `a${'\u0323\u0301'.repeat(4095)}` });
        count(done, 'posts');
      });
    });
  },

  /** The longest posts of four new accounts, as many as are accepted, while others open too many connections. */
  async F7({ address }, { done }) {
    for (let i = 0; i < 4; i++) {
      const from = `127.0.0.${2 + i}`;
      const token = await newAccount(address, from, `poster-${i}`);
      onEach(5, async () => {
        const wire = await resumed(address, from, token);
        await callOn(wire, async () => {
          const { error } = await wire.call('forum.post', { text: han(4096) });
          count(done, error ? 'posts refused' : 'posts taken');
        });
      });
    }
    onEach(20 * 80, async (i) => {
      await closed(await open(address, `127.0.3.${1 + (i % 20)}`));
      count(done, 'connections refused');
    });
  },

  /** Owners who are demoted during their sign-in. */
  async F9({ address, home }, { done, breaches }) {
    breaches['sessions that kept rights'] = 0;
    const owner = await control(home);
    await owner.result('account.signUp', { name: 'first-owner', password: PASSWORD });
    const owners = Array.from({ length: OWNERS }, async (_, i) => {
      const [name, from] = [`owner-${i}`, `127.0.0.${2 + i}`];
      await newAccount(address, from, name);
      return { name, from, own: await control(home), signInMs: 0 };
    });
    const all = await Promise.all(owners);
    onEach(OWNERS, async (i) => {
      const { name, from, own, signInMs } = all[i]!;
      await own.result('account.setRole', { name, role: 'owner' });
      const wire = await greeted(address, from);
      const begun = performance.now();
      const entering = wire.call('account.signIn', { name, password: PASSWORD }).then(({ error }) => {
        all[i]!.signInMs = performance.now() - begun;
        return error;
      });
      // Before its end, mostly shortly before: between the password check and the reply.
      await sleep(Math.sqrt(Math.random()) * signInMs);
      await own.result('account.setRole', { name, role: 'member' });
      own.lines.length = 0;
      if ((await entering) === undefined) {
        count(done, 'demoted while signing in');
        const { error } = await wire.call('account.setRole', { name, role: 'owner' });
        if (error?.code !== NOT_ALLOWED) count(breaches, 'sessions that kept rights');
      }
      wire.close();
    });
  },

  /** Exports of the account with all posts, over many connections, and into a file next to which a link is planted. */
  async F13({ address, home }, { done, breaches }) {
    breaches['files others can read'] = 0;
    breaches['links followed'] = 0;
    const token = await signIn(address, '127.0.0.2', 'writer');
    onEach(15, async () => {
      const wire = await resumed(address, '127.0.0.2', token);
      let cursor: string | null = null;
      await callOn(wire, async () => {
        const { result } = await wire.call('account.export', cursor === null ? {} : { cursor });
        if (result) count(done, 'pages');
        cursor = result ? result.cursor : cursor;
      });
    });
    process.umask(0o022);
    const folder = await mkdtemp(join(home, 'exports-'));
    const [file, target] = [join(folder, 'mine'), join(folder, 'target')];
    await writeFile(target, 'precious');
    await symlink(target, `${file}.part`);
    const own = await resolveHome({ GOLDCTL_HOME: home });
    const client = await Client.connect({ target: localTarget(own), home: own });
    onEach(1, async () => {
      const output = await openFileOutput(file, { force: true });
      const counts = { posts: 0, messages: 0, listings: 0 };
      for await (const text of exportAccount(client, 'writer', counts)) await output.write(text);
      await output.commit();
      count(done, 'exports to a file');
      if (((await stat(file)).mode & 0o077) !== 0) count(breaches, 'files others can read');
      if ((await readFile(target, 'utf8')) !== 'precious') count(breaches, 'links followed');
    });
  },
};
