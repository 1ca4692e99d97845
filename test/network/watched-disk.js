// Loaded into a process that receives files (NODE_OPTIONS=--import …): tells what it writes, and makes its disk slow.
// GOLDCTL_TEST_DISK is `{ trace: FILE, bytesPerSecond: NUMBER }`. Lines of the trace, each once it is done:
// `content BLOCK MS` for a block in a .part, `recorded BLOCK` when the state beside it says that the block is checked.
// MS is of the system's monotonic clock, which all processes share.
import { appendFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

const { trace, bytesPerSecond } = JSON.parse(process.env.GOLDCTL_TEST_DISK ?? '{}');
const BLOCK = 256 * 1024;
const PAGE = 4096;
const HASH = 32;

const say = (line) => {
  if (trace !== undefined) appendFileSync(trace, `${line}\n`);
};
let free = 0;

/** Blocks are written one by one or some in a row: `write(buffer, offset, length, position)`, `writev(buffers, position)`. */
function watchContent(handle) {
  const write = handle.write.bind(handle);
  const writev = handle.writev.bind(handle);
  handle.write = async (buffer, offset, length, position) => {
    await turn(length);
    const written = await write(buffer, offset, length, position);
    tell(position, length);
    return written;
  };
  handle.writev = async (buffers, position) => {
    const length = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    await turn(length);
    const written = await writev(buffers, position);
    tell(position, length);
    return written;
  };
}

/** As long as a slow disk needs for so many bytes. */
async function turn(length) {
  if (!bytesPerSecond) return;
  const now = performance.now();
  free = Math.max(now, free) + (length / bytesPerSecond) * 1000;
  await sleep(free - now);
}

function tell(position, length) {
  const at = Number(process.hrtime.bigint() / 1000n) / 1000;
  const first = Math.floor(position / BLOCK);
  const end = Math.ceil((position + length) / BLOCK);
  for (let block = first; block < end; block++) say(`content ${block} ${at}`);
}

/** A single file's identity fits into the first page: hashes begin at the second. */
function watchState(handle) {
  const write = handle.write.bind(handle);
  const known = new Set();
  handle.write = async (buffer, offset, length, position) => {
    const written = await write(buffer, offset, length, position);
    if (position < PAGE) return written;
    for (let at = 0; at + HASH <= length; at += HASH) {
      const block = (position - PAGE + at) / HASH;
      const hash = buffer.subarray(offset + at, offset + at + HASH);
      if (known.has(block) || hash.every((byte) => byte === 0)) continue;
      known.add(block);
      say(`recorded ${block}`);
    }
    return written;
  };
}

const { open } = promises;
promises.open = async (path, ...rest) => {
  const handle = await open(path, ...rest);
  if (`${path}`.endsWith('.part')) watchContent(handle);
  else if (`${path}`.endsWith('.part.state')) watchState(handle);
  return handle;
};
syncBuiltinESMExports();
