import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { findNatsServer } from './nats-fixture.ts';
import { temporaryFolder } from './store/temporary.ts';

describe('nats-server of the tests', () => {
  const named = process.env.GOLDCTL_NATS_SERVER;

  afterEach(() => {
    if (named === undefined) delete process.env.GOLDCTL_NATS_SERVER;
    else process.env.GOLDCTL_NATS_SERVER = named;
  });

  it('is 2.10.27 or newer, or the reason for its absence is stated', async () => {
    const folder = await temporaryFolder();
    const binary = join(folder.path, 'nats-server');
    process.env.GOLDCTL_NATS_SERVER = binary;
    try {
      expect(findNatsServer()).to.deep.equal({
        missing: 'nats-server 2.10.27 or newer is not here (.ci/nats-server)',
      });
      const old = { missing: 'nats-server 2.10.9 is too old: 2.10.27 or newer is needed (.ci/nats-server)' };
      for (const [version, found] of [
        ['2.10.9', old],
        ['2.10.27', { binary }],
        ['2.12.0-RC.1', { binary }],
        ['3.0.0', { binary }],
      ] as const) {
        await writeFile(binary, `#!/bin/sh\necho 'nats-server: v${version}'\n`);
        await chmod(binary, 0o755);
        expect(findNatsServer()).to.deep.equal(found);
      }
    } finally {
      await folder.remove();
    }
  });
});
