// The cost of hashing a file: as a tree of blocks, like goldctl, and in one go.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { hashFile } from '../../src/peer/hash-tree.js';
import { answer, options, say } from './child.js';

const { file, bytes } = options;

async function measured(work) {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await work();
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { bytesPerSecond: bytes / seconds, cpuMs: (user + system) / 1000 };
}

answer();
const tree = await measured(() => hashFile(file));
const bare = await measured(async () => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 })) hash.update(chunk);
  hash.digest();
});
say({ tree, bare });
