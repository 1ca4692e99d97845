import { Config, settings } from '@oclif/core';
import { ROOT } from './root.ts';

/** oclif's Config for the commands as they were built. */
export function cliConfig(): Promise<Config> {
  settings.enableAutoTranspile = false; // as bin/run.js has it
  return Config.load(ROOT);
}
