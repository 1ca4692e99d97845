import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ReconnectingClient } from '../../src/client/reconnecting-client.ts';
import { parseTarget } from '../../src/client/target.ts';
import { resolveHome } from '../../src/home-directory.ts';
import { Daemon } from '../daemon.ts';
import { atMost, type Figure, ms, quantile } from '../figure.ts';
import { withNodes } from './nodes.ts';

const DAEMONS = 3;
const WATCHERS = 10;
const POSTS = 200;
const BACK_MS = 3000;

export const daemons: Figure = {
  name: 'daemons',
  summary: `Latency of posts at one of ${DAEMONS} daemons to members of the others, compared with members of that one; and a kill of the daemon.`,
  measure: () =>
    withNodes(3, async ({ engine }) => {
      const all: Daemon[] = [];
      for (let i = 0; i < DAEMONS; i++) all.push(await Daemon.start({ engine }));
      const folder = await mkdtemp(join(tmpdir(), 'goldctl-bench-'));
      const links: ReconnectingClient[] = [];
      try {
        const places = all.map(({ ready }) => `tcp://127.0.0.1:${ready.port}`);
        const heard = new Map<ReconnectingClient, number[]>();
        let posted = 0;
        for (let i = 0; i < DAEMONS * WATCHERS; i++) {
          const at = i % DAEMONS;
          const target = parseTarget([...places.slice(at), ...places.slice(0, at)].join());
          const home = await resolveHome({ GOLDCTL_HOME: join(folder, String(i)) });
          const link = new ReconnectingClient({ target, home, subscription: { forum: true } });
          links.push(link);
          await link.start();
          await link.signUp({ name: `watcher-${i}`, password: 'correct horse' });
          const times: number[] = [];
          heard.set(link, times);
          link.on('post', () => times.push(performance.now() - posted));
        }
        for (let i = 1; i <= POSTS; i++) {
          posted = performance.now();
          await links[0]!.post({ text: `post ${i}` });
          while ([...heard.values()].some(({ length }) => length < i)) await new Promise(setImmediate);
        }
        const of = (isHere: boolean) => links.filter((_, i) => (i % DAEMONS === 0) === isHere);
        const times = (isHere: boolean) => of(isHere).flatMap((link) => heard.get(link)!);
        const rows = [0.5, 0.99].map((share) => {
          const [here, there] = [quantile(times(true), share), quantile(times(false), share)];
          return {
            what: `a post received at the others, p${100 * share}`,
            value: ms(there),
            baseline: `${ms(here)} (at the one that took it)`,
            ratio: there / here,
          };
        });
        const killed = performance.now();
        process.kill(all[0]!.child.pid, 'SIGKILL');
        const lost = of(true);
        const isBack = (link: ReconnectingClient) =>
          link.state.kind === 'online' && link.target.key !== parseTarget(places[0]!).key;
        while (!lost.every(isBack)) await new Promise((resolve) => setTimeout(resolve, 1));
        const back = performance.now() - killed;
        return [
          ...rows,
          { what: 'its members at another daemon', value: ms(back), bar: atMost(back, BACK_MS, `≤ ${ms(BACK_MS)}`) },
        ];
      } finally {
        await Promise.all(links.map((link) => link.stop()));
        for (const daemon of all) await daemon.stop();
        await rm(folder, { recursive: true, force: true });
      }
    }),
};
