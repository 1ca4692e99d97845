// Attacks by what peers send each other and to the daemon's UDP port.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { resolveHome } from '../../src/home-directory.ts';
import { loadIdentity } from '../../src/peer/identity.ts';
import { encodeDatagram, type IntroductionSide, type SeenDatagram } from '../../src/protocol/datagram.ts';
import { Party, type PartyDaemon } from '../client/party.ts';
import { forgedStates } from '../peer/forged-states.ts';
import { hello, type Introduced, sayHello } from '../server/say-hello.ts';
import type { Wire } from '../server/wire.ts';
import { type Attack, count, newAccount, onEach, resumed, type Target } from './attack.ts';
import { PUBLIC_ADDRESS } from './stranger-sources.ts';

const KEY = 'a'.repeat(64);
/** Introductions that a connection may have open. */
const INTRODUCTIONS = 64;
/** A reply that has not arrived by then is lost or was never sent. */
const ANSWER_MS = 1000;

async function udp(host: string): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, host);
  await once(socket, 'listening');
  return socket;
}

const portOf = (address: string) => Number(address.slice(address.lastIndexOf(':') + 1));

/** A connection with a peer at a UDP port, which claims to be at other endpoints as well. */
async function withPeer(
  { address }: Target,
  from: string,
  token: string,
  peer: { readonly port: number; readonly local?: readonly object[] },
): Promise<Wire> {
  const wire = await resumed(address, from, token);
  await wire.result('peer.register', { key: KEY, local: [], ...peer });
  return wire;
}

/** Homes of members within the daemon's home, removed with it. */
function daemonOf({ address, home }: Target): PartyDaemon {
  return {
    address,
    async anotherHome() {
      const own = await resolveHome({ GOLDCTL_HOME: await mkdtemp(join(home, 'm-')) });
      await loadIdentity(own.peerIdentityFile);
      return own;
    },
  };
}

export const PEER_ATTACKS: Readonly<Record<string, Attack>> = {
  /** Members who claim the endpoints of third parties: to the daemon, and, as the daemon, to the victim. */
  async F8(target, { done, breaches }) {
    const { address } = target;
    breaches['datagrams at third parties'] = 0;
    const thirdParties = await Promise.all([0, 1, 2, 3].map(() => udp(PUBLIC_ADDRESS)));
    for (const socket of thirdParties) socket.on('message', () => count(breaches, 'datagrams at third parties'));
    const local = thirdParties.map((socket) => ({ address: PUBLIC_ADDRESS, port: socket.address().port }));
    await Party.join(daemonOf(target), 'victim', { asks: false });
    const members = [0, 1, 2, 3].map(async (i) => {
      const from = `127.0.0.${2 + i}`;
      return { from, token: await newAccount(address, from, `foreign-${i}`), socket: await udp(from) };
    });
    const all = await Promise.all(members);
    onEach(all.length, async (i) => {
      const { from, token, socket } = all[i]!;
      const wire = await withPeer(target, from, token, { port: socket.address().port, local });
      for (let k = 0; k < INTRODUCTIONS; k++) {
        const { error, result } = await wire.call('peer.connect', { member: 'victim' });
        if (error) break;
        count(done, 'introductions');
        socket.send(hello(result, 'a', { local }), portOf(address), '127.0.0.1');
        for (const other of local) {
          const seen = { address: '127.0.0.1', port: result.port };
          const forged: SeenDatagram = {
            type: 'seen',
            id: result.id,
            side: 'b',
            seen,
            other,
            otherLocal: local,
            relayed: false,
          };
          socket.send(encodeDatagram(forged, result.secret), result.port, '127.0.0.1');
        }
      }
      await sleep(1000);
      wire.close();
    });
  },

  /** Files whose names and contents equal those of the receiver's partial files. */
  async F11(target, { done, breaches }) {
    breaches['own files overwritten'] = 0;
    const daemon = daemonOf(target);
    const [ann, ben] = await Promise.all([Party.join(daemon, 'ann'), Party.join(daemon, 'ben')]);
    const downloads = ben.home.downloadsFolder;
    await mkdir(downloads, { recursive: true });
    await writeFile(join(downloads, 'thesis.part'), 'mine');
    const thesis = await ann.file('thesis', 100_000);
    const { size, mtimeMs } = await stat(thesis);
    const states = forgedStates(downloads, { size, modified: Math.trunc(mtimeMs) });
    const send = async (path: string) => {
      const id = await ann.peers.send('ben', path);
      const offer = await ben.offered();
      await ben.peers.accept(offer.id);
      const [sent, { savedAs }] = await Promise.all([ann.peers.waitForEnd(id), ben.peers.waitForEnd(offer.id)]);
      if (sent.state === 'done') count(done, 'files sent');
      if (savedAs !== null) await rm(savedAs);
    };
    onEach(1, async () => {
      for (const [i, name] of ['thesis.part.state', 'Thesis.Part.State'].entries()) {
        const state = join(ann.home.root, 'files', name);
        await writeFile(state, states[i]!);
        await send(state);
      }
      await send(thesis);
      const own = await readFile(join(downloads, 'thesis.part'), 'utf8').catch(() => 'gone');
      if (own !== 'mine' || (await readdir(downloads)).length !== 1) count(breaches, 'own files overwritten');
    });
  },

  /** One member who holds as many relays to a second account as possible, while two others want one. */
  async F12(target, { done, breaches }) {
    const { address } = target;
    breaches['relays refused to others'] = 0;
    breaches['answers to copied HELLOs'] = 0;
    const [greedy, puppet, asker, friend] = await Promise.all(
      ['greedy', 'puppet', 'asker', 'friend'].map(async (name, i) => {
        const from = `127.0.0.${2 + i}`;
        return { from, token: await newAccount(address, from, name), socket: await udp(from) };
      }),
    );
    const enter = ({ from, token, socket }: NonNullable<typeof greedy>) =>
      withPeer(target, from, token, { port: socket.address().port });
    /** @param counter greater than in every earlier HELLO */
    const relayed = async (opened: Introduced, counter: number): Promise<boolean> => {
      const sockets = { a: await udp('127.0.0.1'), b: await udp('127.0.0.1') };
      const ask = (side: IntroductionSide) => {
        const answer = sayHello(sockets[side], portOf(address), opened, side, { relay: true, counter });
        return Promise.race([answer, sleep(ANSWER_MS, undefined)]);
      };
      try {
        await ask('a');
        return (await ask('b'))?.relayed === true;
      } finally {
        for (const socket of Object.values(sockets)) socket.close();
      }
    };

    await enter(puppet!);
    const wires = [await enter(greedy!), await enter(greedy!)];
    const held: Introduced[] = [];
    let round = 0;
    onEach(1, async () => {
      round += 1;
      const wire = wires[round % wires.length]!;
      const { error, result } = await wire.call('peer.connect', { member: 'puppet' });
      wire.lines.length = 0;
      if (!error) {
        held.push(result);
        await relayed(result, round);
        return;
      }
      // Sent repeatedly, so that none of them expires.
      let relays = 0;
      for (const each of held) if (await relayed(each, round)) relays += 1;
      done['relays held by one'] = relays;
      await sleep(1000);
    });

    await enter(friend!);
    const thief = await udp('127.0.0.9');
    thief.on('message', () => count(breaches, 'answers to copied HELLOs'));
    onEach(
      1,
      async () => {
        const wire = await enter(asker!);
        const { error, result } = await wire.call('peer.connect', { member: 'friend' });
        if (!error && (await relayed(result, 1))) count(done, 'relays of others');
        else count(breaches, 'relays refused to others');
        if (!error) thief.send(hello(result, 'a', { relay: true }), portOf(address), '127.0.0.1');
        wire.close();
      },
      250,
    );
  },
};
