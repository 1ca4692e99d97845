import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import type { ConnectionOffer } from '../../src/peer/connection-offer.ts';
import { loadIdentity } from '../../src/peer/identity.ts';
import { PeerConnector } from '../../src/peer/peer-connector.ts';
import { PeerTransport } from '../../src/peer/peer-transport.ts';
import { TrustStore } from '../../src/peer/trust-store.ts';
import { removeTemporary, temporary } from './transfer-fixture.ts';

const KEY = 'ab'.repeat(32);

describe('PeerConnector', () => {
  let endpoint: PeerTransport;
  let introductions: PeerConnector;
  let notices: string[];
  let named: string;
  let count = 0;
  const abort = () => new AbortController();

  /** Connects to a peer that never answers. */
  const introduction = (member: string, key = KEY): ConnectionOffer => {
    count += 1;
    return {
      id: count.toString(16).padStart(8, '0').repeat(4),
      secret: '5e'.repeat(32),
      side: 'b',
      member,
      key,
      address: null,
      port: null,
      local: [],
      relay: false,
    };
  };

  beforeEach(async () => {
    const folder = await temporary();
    notices = [];
    named = KEY;
    const identity = await loadIdentity(join(folder, 'peer.pem'));
    endpoint = new PeerTransport({ identity, host: '127.0.0.1', daemon: { address: '127.0.0.1', port: 9 } });
    await endpoint.start();
    introductions = new PeerConnector({
      trustStore: new TrustStore(join(folder, 'peers.json'), 'local', () => {}),
      transport: () => endpoint,
      introduce: async (member) => introduction(member, named),
      onNotice: (text) => notices.push(text),
    });
  });

  afterEach(async () => {
    await endpoint.stop();
    await removeTemporary();
  });

  it('limits incoming attempts per member and in total, and frees their slots', async () => {
    const all = abort();
    setMaxListeners(0, all.signal);
    const codes: string[] = [];
    const meet = (member: string, signal = all.signal) =>
      introductions.accept(introduction(member), signal).catch((thrown) => codes.push(AppError.from(thrown).code));
    const pending = Array.from({ length: 17 }, () => meet('An'));
    await pending[16];
    expect(codes).to.deep.equal(['TOO_MANY_REQUESTS']);
    const others = Array.from({ length: 49 }, (_, i) => meet(`member-${i % 7}`));
    await others[48];
    expect(codes).to.deep.equal(['TOO_MANY_REQUESTS', 'TOO_MANY_REQUESTS']);
    all.abort();
    await Promise.all([...pending, ...others]);
    expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).to.have.length(2);
    const again = abort();
    const one = meet('An', again.signal);
    again.abort();
    await one;
    expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).to.have.length(2);
  });

  it('refuses a peer whose key has changed, and reports it once', async () => {
    await introductions.verifyKey({ member: 'An', key: KEY });
    named = 'cd'.repeat(32);
    for (let i = 0; i < 5; i += 1) {
      const failure = await introductions.dial('An', undefined, abort().signal).catch(AppError.from);
      expect(failure).to.include({ code: 'NOT_ALLOWED' });
    }
    expect(notices).to.have.length(1);
    expect(notices[0]).to.contain(`goldctl files trust An ${named}`);
  });

  it('refuses another key than the one requested from the daemon', async () => {
    named = 'cd'.repeat(32);
    const failure = await introductions.dial('Binh', KEY, abort().signal).catch(AppError.from);
    expect(failure).to.include({ code: 'NOT_ALLOWED' });
  });
});
