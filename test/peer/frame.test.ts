import { expect } from 'chai';
import fc from 'fast-check';
import {
  BLOCK_HEADER_BYTES,
  encodeBlockInPlace,
  encodeControl,
  encodeLeaves,
  encodePing,
  type Frame,
  FrameDecoder,
  FrameError,
} from '../../src/peer/frame.ts';
import { BLOCK_BYTES, HASH_BYTES } from '../../src/peer/hash-tree.ts';
import { parsePeerMessage } from '../../src/peer/peer-message.ts';

function framesOf(bytes: Buffer, cuts: readonly number[] = []): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameDecoder();
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    reader.push(bytes.subarray(from, to), (frame) => frames.push(frame));
    from = to;
  }
  expect(reader.hasPartialFrame).to.equal(false);
  return frames;
}

function blockFrame(file: number, block: number, content: Uint8Array): Buffer {
  const buffer = Buffer.alloc(BLOCK_HEADER_BYTES + content.length);
  buffer.set(content, BLOCK_HEADER_BYTES);
  return encodeBlockInPlace(buffer, file, block, content.length);
}

const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const anyFrame = fc.oneof(
  fc.constant<[Frame, Buffer]>([{ type: 'ping' }, encodePing()]),
  fc.dictionary(fc.string(), fc.string()).map<[Frame, Buffer]>((fields) => {
    const value = JSON.parse(JSON.stringify(fields));
    return [{ type: 'control', value }, encodeControl(value)];
  }),
  fc.tuple(u32, u32, fc.uint8Array({ minLength: 1, maxLength: 500 })).map<[Frame, Buffer]>(([file, block, bytes]) => {
    const content = Buffer.from(bytes);
    return [{ type: 'block', file, block, content }, blockFrame(file, block, content)];
  }),
  fc.tuple(u32, u32, fc.integer({ min: 1, max: 9 })).map<[Frame, Buffer]>(([file, first, count]) => {
    const leaves = Buffer.alloc(count * HASH_BYTES, count);
    return [{ type: 'leaves', file, first, leaves }, encodeLeaves(file, first, leaves)];
  }),
);

describe('FrameDecoder', () => {
  it('decodes encoded frames, split at any position', () => {
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 40 }), (frames, cuts) => {
        const bytes = Buffer.concat(frames.map(([, encoded]) => encoded));
        expect(framesOf(bytes, cuts)).to.deep.equal(frames.map(([frame]) => frame));
      }),
    );
  });

  it('decodes a full block', () => {
    const content = Buffer.alloc(BLOCK_BYTES, 7);
    const [frame] = framesOf(blockFrame(1, 2, content), [3, 13, 14, 100_000]);
    expect(frame).to.deep.equal({ type: 'block', file: 1, block: 2, content });
  });

  it('decodes or throws a FrameError for any bytes, and buffers a limited amount', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (chunks) => {
        let most = 0;
        const reader = new FrameDecoder((length) => {
          most = Math.max(most, length);
          return Buffer.alloc(length);
        });
        try {
          for (const chunk of chunks) reader.push(chunk, () => undefined);
        } catch (error) {
          expect(error).to.be.instanceOf(FrameError);
          expect(() => reader.push(encodePing(), () => undefined)).to.throw(FrameError);
        }
        expect(most).to.be.at.most(BLOCK_BYTES);
      }),
    );
  });

  for (const [what, hex] of [
    ['a giant block', 'ffffffff02'],
    ['a block that is a byte too long', '0004000a02'],
    ['a giant control frame', '0001000201'],
    ['a ping with a body', '0000000200'],
    ['hashes that are no whole number', '0000002a03'],
    ['no hashes at all', '0000000903'],
    ['an empty block', '0000000902'],
    ['a length of nothing', '0000000000'],
    ['an unknown type', '0000000504'],
  ] as const) {
    it(`refuses ${what} at its fifth byte`, () => {
      const reader = new FrameDecoder();
      expect(() => reader.push(Buffer.from(hex, 'hex'), () => undefined)).to.throw(FrameError);
    });
  }

  it('refuses control frames that are not JSON or not UTF-8', () => {
    for (const body of [Buffer.from('{"a":'), Buffer.of(0x22, 0xff, 0x22)]) {
      const head = Buffer.from([0, 0, 0, 1 + body.length, 1]);
      expect(() => new FrameDecoder().push(Buffer.concat([head, body]), () => undefined)).to.throw(FrameError);
    }
    expect(() => encodeControl({ text: 'x'.repeat(70_000) })).to.throw(RangeError);
  });

  it('refuses unknown messages', () => {
    const field = fc.oneof(
      fc.string(),
      fc.nat(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.anything()),
    );
    const types = [
      'want',
      'found',
      'offer',
      'files',
      'refuse',
      'queued',
      'leaves',
      'pull',
      'drop',
      'ack',
      'askRoots',
      'roots',
    ];
    const names = [
      'name',
      'hash',
      'size',
      'files',
      'file',
      'from',
      'count',
      'bytes',
      'done',
      'place',
      'id',
      'roots',
      'code',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.dictionary(fc.constantFrom(...names), field), (type, fields) => {
        try {
          expect(parsePeerMessage({ type, ...fields }).type).to.equal(type);
        } catch (error) {
          expect(error).to.be.instanceOf(FrameError);
        }
      }),
    );
    fc.assert(
      fc.property(fc.anything(), (value) => {
        try {
          parsePeerMessage(value);
        } catch (error) {
          expect(error).to.be.instanceOf(FrameError);
        }
      }),
    );
  });
});
