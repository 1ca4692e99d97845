import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Config, Plugin, settings } from '@oclif/core';

/**
 * oclif's Config for the commands as they stand in the source folder: no manifest and no dist/, which oclif's own
 * development mode takes however old they are. For bin/dev.ts and tests; wants tsx.
 */
export async function sourceConfig(): Promise<Config> {
  settings.enableAutoTranspile = false;
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const pjson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const oclif = JSON.parse(await readFile(join(root, '.oclifrc.json'), 'utf8'));
  const plugin = new Plugin({
    root,
    isRoot: true,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    pjson: { ...pjson, oclif: { ...oclif, commands: './commands' } },
  });
  await plugin.load();
  const config = new Config({ root, plugins: new Map([[plugin.name, plugin]]) });
  await config.load();
  return config;
}
