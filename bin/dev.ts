#!/usr/bin/env -S node --import tsx
// goldctl from source, for whoever works on it: `node --import tsx bin/dev.ts rates`.
import { run } from '../src/cli/run.ts';
import { sourceConfig } from '../src/cli/source-config.ts';

await run(process.argv.slice(2), await sourceConfig());
