import { join } from 'node:path';

/**
 * What a member would send as block state, so that the receiver takes `thesis.part` for its own: in both
 * formats that states have had.
 * @param thesis the file that is sent next
 */
export function forgedStates(into: string, thesis: { readonly size: number; readonly modified: number }): Buffer[] {
  const identity = JSON.stringify(['ann', 'thesis', false, [['thesis', thesis.size, thesis.modified]]]);
  const part = JSON.stringify({ path: join(into, 'thesis.part'), fingerprint: '' });
  return [identity, `${part}\n${identity}`].map((text, i) => {
    const head = Buffer.alloc(32);
    head.write('gctlpart');
    head.writeUInt32LE(1 + i, 8);
    head.writeUInt32LE(Buffer.byteLength(text), 12);
    head.writeUInt32LE(0x7fff_ffff, 16); // no such process
    return Buffer.concat([head, Buffer.from(text)]);
  });
}
