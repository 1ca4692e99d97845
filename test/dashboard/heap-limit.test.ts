import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

const HEAP = new URL('../../src/dashboard/heap-limit.js', import.meta.url).href;
/** Holds the newest 20,000 of many things, as the dashboard does, and says what the young generation grew to. */
const PROGRAM = `
import { getHeapSpaceStatistics } from 'node:v8';
import { limitHeapGrowth } from ${JSON.stringify(HEAP)};
limitHeapGrowth();
const ring = [];
let most = 0;
for (let i = 0; i < 1_000_000; i++) {
  ring[i % 20_000] = { i, text: \`event \${i}\`, more: [i, i + 1] };
  if (i % 20_000 > 0) continue;
  most = Math.max(most, getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size);
}
console.log(most);
`;

describe("the dashboard's heap", () => {
  it('does not grow by what came and went', async function () {
    this.timeout(20_000);
    const args = ['--input-type=module', '--eval', PROGRAM];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
    expect(stderr).to.equal('');
    // 32 MiB and more by V8's presets.
    expect(Number(stdout))
      .to.be.greaterThan(0)
      .and.below(12 * 1024 * 1024);
  });
});
