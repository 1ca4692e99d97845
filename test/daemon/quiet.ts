import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HomeDirectory, resolveHome } from '../../src/home-directory.ts';
import { PROVIDERS } from '../../src/rates/providers/index.ts';
import { makeCredentials } from '../credentials.ts';

/** A home whose daemon polls no provider and uses a free port: tests stay on this machine. */
export async function quietHome(settings: object = {}): Promise<HomeDirectory> {
  const home = await resolveHome({ GOLDCTL_HOME: await mkdtemp(join(tmpdir(), 'goldctl-daemon-')) });
  const providers = Object.fromEntries(PROVIDERS.map(({ id }) => [id, { enabled: false }]));
  await writeFile(home.configFile, JSON.stringify({ listen: { port: 0 }, rates: { providers }, ...settings }));
  await makeCredentials(home);
  return home;
}
