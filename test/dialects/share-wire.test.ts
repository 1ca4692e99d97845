import { Buffer } from 'node:buffer';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeShareMessage,
  encodeBody,
  encodeCode,
  encodePeers,
  MAX_SHARE_MESSAGE_BYTES,
  MAX_SHARE_MESSAGE_CHARACTERS,
  parseShareRequest,
} from '../../src/dialects/share-wire.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { formatFileTime } from '../../src/domain/time.ts';
import { shareMessage } from './share-client.ts';

const code = (bytes: Buffer): string => {
  try {
    decodeShareMessage(bytes);
  } catch (thrown) {
    return AppError.from(thrown).code;
  }
  return 'none';
};

const text = fc.string({ unit: 'grapheme', maxLength: 300 });

describe('messages of legacy share clients', () => {
  it('are split by the characters that their length counts, in any chunks', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), fc.nat(40), (texts, tail) => {
        const whole = Buffer.concat([...texts.map(shareMessage), Buffer.alloc(tail % 4)]);
        const read: string[] = [];
        let bytes: Buffer = Buffer.alloc(0);
        for (const byte of whole) {
          bytes = Buffer.concat([bytes, Buffer.of(byte)]);
          for (let cut = decodeShareMessage(bytes); cut; cut = decodeShareMessage(bytes)) {
            read.push(cut.request);
            bytes = bytes.subarray(cut.usedBytes);
          }
        }
        expect(read).to.deep.equal(texts);
        expect(bytes).to.have.length(tail % 4);
      }),
      { numRuns: 200 },
    );
  });

  it('count characters, not bytes', () => {
    const message = Buffer.concat([Buffer.of(0, 0, 0, 9), Buffer.from('fetch à🎬b')]);
    expect(decodeShareMessage(Buffer.concat([message, Buffer.of(0)]))).to.deep.equal({
      request: 'fetch à🎬b',
      usedBytes: 4 + 13,
    });
    for (let length = 0; length < message.length; length += 1) {
      expect(decodeShareMessage(message.subarray(0, length))).to.equal(undefined);
    }
  });

  it('are refused if their end cannot be found', () => {
    const length = (n: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(n);
      return bytes;
    };
    for (const n of [MAX_SHARE_MESSAGE_CHARACTERS + 1, 0x7fffffff, 0xffffffff])
      expect(code(length(n))).to.equal('TOO_LARGE');
    expect(code(length(MAX_SHARE_MESSAGE_CHARACTERS))).to.equal('none');
    for (const bytes of [[0x80], [0xff], [0xc0, 0x80], [0xe2, 0x28, 0xa1], [0xed, 0xa0, 0x80], [0xf5, 0, 0, 0]]) {
      expect(code(Buffer.concat([length(1), Buffer.from(bytes)])), String(bytes)).to.equal('INVALID_REQUEST');
    }
    const longest = Buffer.concat([
      length(MAX_SHARE_MESSAGE_CHARACTERS),
      Buffer.from('🎬'.repeat(MAX_SHARE_MESSAGE_CHARACTERS)),
    ]);
    expect(longest).to.have.length(MAX_SHARE_MESSAGE_BYTES);
    expect(decodeShareMessage(longest)!.usedBytes).to.equal(MAX_SHARE_MESSAGE_BYTES);
  });
});

describe('requests of legacy share clients', () => {
  it('are parsed as sent', () => {
    const requests = {
      'login alice 123456 192.168.1.7 5001': { verb: 'login', name: 'alice', password: '123456', port: 5001 },
      'register alice a b  c 127.0.0.1 5001': { verb: 'register', name: 'alice', password: 'a b  c', port: 5001 },
      'publish notes.txt 15 10:20:30-01/02/2024 my_first_notes': {
        verb: 'publish',
        name: 'notes.txt',
        size: 15,
        modified: Date.parse('2024-02-01T10:20:30+07:00'),
        description: 'my first notes',
      },
      'publish my notes.txt 15B 10:20:30-01/02/2024': {
        verb: 'publish',
        name: 'my notes.txt',
        size: 15,
        modified: Date.parse('2024-02-01T10:20:30+07:00'),
        description: '',
      },
      exit: { verb: 'exit' },
      'fetch my notes.txt': { verb: 'fetch', name: 'my notes.txt' },
      'ping 0123456789abcdef0123456789abcdef': { verb: 'ping', nonce: '0123456789abcdef0123456789abcdef' },
    };
    for (const [said, request] of Object.entries(requests)) {
      expect(parseShareRequest(said), said).to.deep.equal(request);
    }
  });

  it('are refused if something is missing or invalid', () => {
    const wrong = [
      '',
      'login',
      'login alice',
      'login alice secret',
      'login alice secret 127.0.0.1',
      'login alice secret 127.0.0.1 0',
      'login alice secret 127.0.0.1 65536',
      'login alice secret 127.0.0.1 -1',
      'login alice secret 127.0.0.1 1e3',
      'login  secret 127.0.0.1 5001',
      'LOGIN alice secret 127.0.0.1 5001',
      'publish',
      'publish notes.txt 15',
      'publish notes.txt 10:20:30-01/02/2024 description',
      'publish notes.txt -1 10:20:30-01/02/2024 description',
      'publish notes.txt 9007199254740993 10:20:30-01/02/2024 description',
      'publish notes.txt 15 25:20:30-01/02/2024 description',
      'publish notes.txt 15 10:20:30-30/02/2024 description',
      'publish notes.txt 15 10:20:30-2024/02/01 description',
      'fetch',
      'fetch ',
      'discover alice',
      'toString',
    ];
    for (const said of wrong) expect(parseShareRequest(said), said).to.equal(undefined);
  });

  it('of publications are parsed with their meaning', () => {
    const word = fc.stringMatching(/^[\p{L}\d.-]{1,20}$/u);
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.integer({ min: 0, max: 4_102_444_800 }),
        fc.array(word, { maxLength: 5 }),
        (name, size, seconds, description) => {
          const modified = seconds * 1000;
          const said = `publish ${name.join(' ')} ${size} ${formatFileTime(modified)} ${description.join('_')}`;
          expect(parseShareRequest(said)).to.deep.equal({
            verb: 'publish',
            name: name.join(' '),
            size,
            modified,
            description: description.join(' '),
          });
        },
      ),
    );
  });
});

describe('replies to legacy share clients', () => {
  it('are a code, or a code and a body with as many bytes as characters', () => {
    expect(encodeCode(200).toString()).to.equal('200');
    expect(encodeBody(203, 'ab').toString('latin1')).to.equal('203\0\0\0\u0002ab');
  });

  it('format peers like Python', () => {
    const alice = { member: 'alice', address: '127.0.0.1', port: 5001 };
    expect(encodePeers([alice])).to.equal("[('alice', '127.0.0.1', 5001, 1)]");
    expect(encodePeers([alice, { member: 'hà', address: '::1', port: 1 }])).to.equal(
      "[('alice', '127.0.0.1', 5001, 1), ('h\\u00e0', '::1', 1, 1)]",
    );
    expect(encodePeers([{ ...alice, member: '𞤀' }])).to.include("('\\U0001e900', ");
    expect(encodePeers([])).to.equal('[]');
  });
});
