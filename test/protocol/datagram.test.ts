import { expect } from 'chai';
import fc from 'fast-check';
import {
  type Datagram,
  datagramIdOf,
  decodeDatagram,
  type Endpoint,
  encodeDatagram,
  isPrivateAddress,
  streamIds,
} from '../../src/protocol/datagram.ts';

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((all) => Buffer.from(all).toString('hex'));
const place: fc.Arbitrary<Endpoint> = fc.record({
  address: fc.oneof(
    fc.ipV4(),
    fc.ipV6().map((text) => new URL(`http://[${text}]/`).hostname.slice(1, -1)),
  ),
  port: fc.integer({ min: 1, max: 65535 }),
});
const local = fc.array(place, { maxLength: 4 });
const side = fc.constantFrom('a' as const, 'b' as const);
const id = hex(16);
const datagram: fc.Arbitrary<Datagram> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    id,
    side,
    relay: fc.boolean(),
    local,
    counter: fc.nat(2 ** 32 - 1),
  }),
  fc.record({
    type: fc.constant('seen' as const),
    id,
    side,
    seen: place,
    other: fc.option(place),
    otherLocal: local,
    relayed: fc.boolean(),
  }),
  fc.record({ type: fc.constant('probe' as const), id, side, heard: fc.boolean() }),
);
const SECRET = 'ab'.repeat(32);

describe('datagrams', () => {
  it('decode to what was encoded', () => {
    fc.assert(
      fc.property(datagram, hex(32), (made, secret) => {
        const bytes = encodeDatagram(made, secret);
        expect(decodeDatagram(bytes, secret)).to.deep.equal(made);
        expect(datagramIdOf(bytes)).to.equal(made.id);
        expect(bytes.length).to.be.at.most(256);
      }),
    );
  });

  it('are refused with another secret, or with a changed or missing byte', () => {
    fc.assert(
      fc.property(datagram, fc.nat(), fc.integer({ min: 1, max: 255 }), (made, at, by) => {
        const bytes = encodeDatagram(made, SECRET);
        expect(decodeDatagram(bytes, 'cd'.repeat(32))).to.equal(undefined);
        const changed = Buffer.from(bytes);
        changed[at % bytes.length]! ^= by;
        expect(decodeDatagram(changed, SECRET)).to.equal(undefined);
        expect(decodeDatagram(bytes.subarray(0, at % bytes.length), SECRET)).to.equal(undefined);
      }),
    );
  });

  it('are decoded or refused, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        datagramIdOf(bytes);
        expect(decodeDatagram(bytes, SECRET)).to.equal(undefined);
      }),
    );
  });

  it('have replies to HELLO that are no longer than the HELLO', () => {
    fc.assert(
      fc.property(place, place, fc.array(place, { minLength: 4, maxLength: 4 }), (seen, other, otherLocal) => {
        const hello: Datagram = {
          type: 'hello',
          id: '00'.repeat(16),
          side: 'a',
          relay: false,
          local: otherLocal,
          counter: 1,
        };
        const answer: Datagram = { ...hello, type: 'seen', seen, other, otherLocal, relayed: true };
        expect(encodeDatagram(answer, SECRET).length).to.be.at.most(encodeDatagram(hello, SECRET).length);
      }),
    );
  });

  it('leave the input buffer unchanged when decoded', () => {
    const bytes = encodeDatagram({ type: 'probe', id: '01'.repeat(16), side: 'b', heard: true }, SECRET);
    const before = Buffer.from(bytes);
    decodeDatagram(bytes, SECRET);
    expect(bytes.equals(before)).to.equal(true);
  });

  it('have stream ids per introduction', () => {
    expect(streamIds(`00000001fffffffe${'0'.repeat(16)}`)).to.deep.equal({ a: 1, b: 0xfffffffe });
  });

  it('distinguish addresses outside public networks', () => {
    const near = ['10.1.2.3', '192.168.0.1', '172.31.0.1', '127.0.0.1', '::1', 'fe80::1%eth0', '::ffff:10.0.0.1'];
    const far = ['8.8.8.8', '172.32.0.1', '2001:db8::1', 'nowhere', ''];
    expect(near.filter((address) => !isPrivateAddress(address))).to.deep.equal([]);
    expect(far.filter(isPrivateAddress)).to.deep.equal([]);
  });
});
