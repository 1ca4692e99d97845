import { Buffer } from 'node:buffer';

/** A message as the original client packs it: its length in characters, then UTF-8. */
export function shareMessage(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE([...text].length);
  return Buffer.concat([length, Buffer.from(text)]);
}
