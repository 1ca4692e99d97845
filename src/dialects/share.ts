import { randomBytes } from 'node:crypto';
import { addressSeenBy } from '../address.ts';
import { Failure } from '../domain/failure.ts';
import { UNVERIFIED } from '../domain/listing.ts';
import { nameKey } from '../domain/name.ts';
import type { Source } from '../room/files.ts';
import { type Answer, type Conversation, type Dialect, type DialectRoom, Last } from './dialect.ts';
import type { Guest } from './guest.ts';
import {
  cutMessage,
  encodeBody,
  encodeCode,
  encodePeers,
  MESSAGE_BYTES,
  parseShareRequest,
  type SharePeer,
  type ShareRequest,
} from './share-wire.ts';

/** What the seed knows of: any other refusal is an invalid request. */
const CODES: ReadonlySet<number> = new Set([400, 401, 402, 403, 404, 406]);
const [SIGNED_IN, SIGNED_UP, PUBLISHED, PING, FOUND] = [200, 201, 202, 203, 204] as const;
const [INVALID, WRONG_PASSWORD, ENDED] = [400, 402, 405] as const;
/** A body is read at once: it must come in one piece, whatever network lies between. */
const BODY_BYTES = 1400;
const NONCE_BYTES = 16;

/** The file seed: who has which file. Files go from client to client by plain TCP, past the daemon. */
export function shareDialect(room: DialectRoom): Dialect {
  return {
    name: 'share',
    secrets: 'passwords',
    requestBytes: MESSAGE_BYTES,
    signsIn: true,
    get patienceMs() {
      return room.limits.signInMs;
    },
    converse: (guest) => new ShareConversation(room, guest),
  };
}

/** What a client says; undefined for what makes no sense, null where the rest of what it sends makes none either. */
type Said = ShareRequest | undefined | null;

class ShareConversation implements Conversation<Said> {
  readonly #room: DialectRoom;
  readonly #guest: Guest;
  /** Pings under way, by their nonces. */
  readonly #trips = new Map<string, (heard: number | undefined) => void>();

  constructor(room: DialectRoom, guest: Guest) {
    this.#room = room;
    this.#guest = guest;
  }

  cut(bytes: Buffer): { request: Said; used: number } | undefined {
    try {
      const message = cutMessage(bytes);
      return message && { request: parseShareRequest(message.request), used: message.used };
    } catch {
      return { request: null, used: bytes.length };
    }
  }

  answer(said: Said): Answer | Promise<Answer> {
    switch (said?.verb) {
      case undefined:
        return said === null ? new Last(encodeCode(INVALID)) : encodeCode(INVALID);
      case 'login':
        return this.#signIn(said);
      case 'register':
        return this.#signUp(said);
      case 'publish':
        return this.#publish(said);
      case 'fetch':
        return this.#fetch(said.name);
      case 'exit':
        return this.#signOut();
      case 'ping':
        this.#trips.get(said.nonce)?.(performance.now());
        return undefined;
    }
  }

  refuse({ code, status }: Failure): Answer {
    if (code === 'LOCKED_OUT') return encodeCode(WRONG_PASSWORD);
    return encodeCode(CODES.has(status) ? status : INVALID);
  }

  farewell(): Buffer {
    return encodeCode(ENDED);
  }

  isByItself(said: Said): boolean {
    return said?.verb === 'ping';
  }

  async roundTrip(timeoutMs: number): Promise<number | undefined> {
    const nonce = randomBytes(NONCE_BYTES).toString('hex');
    const sent = performance.now();
    const heard = await new Promise<number | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs).unref();
      this.#trips.set(nonce, (at) => {
        clearTimeout(timer);
        resolve(at);
      });
      this.#guest.say(encodeBody(PING, nonce));
    });
    this.#trips.delete(nonce);
    return heard === undefined ? undefined : heard - sent;
  }

  closed(): void {
    for (const over of this.#trips.values()) over(undefined);
  }

  async #signIn({ name, password, port }: ShareRequest & { verb: 'login' | 'register' }): Promise<Answer> {
    const { member } = this.#guest;
    if (member && nameKey(member.name) === nameKey(name)) throw new Failure('ALREADY_SIGNED_IN');
    await this.#guest.signIn(name, password);
    this.#guest.port = port;
    return encodeCode(SIGNED_IN);
  }

  async #signUp({ name, password }: ShareRequest & { verb: 'login' | 'register' }): Promise<Answer> {
    const { address } = this.#guest;
    const account = await this.#guest.makeAccount(name, password);
    this.#room.log.info({ event: 'account.signUp', name: account.name, address, dialect: 'share' }, 'signed up');
    return encodeCode(SIGNED_UP);
  }

  /** The graphical client logs out, waits for no reply, and signs in on a new connection before it closes this one. */
  #signOut(): undefined {
    const { member, address } = this.#guest;
    if (!member) return;
    this.#guest.signOut();
    this.#room.log.info({ event: 'account.signOut', name: member.name, address, dialect: 'share' }, 'signed out');
  }

  async #publish({ verb: _, ...file }: ShareRequest & { verb: 'publish' }): Promise<Answer> {
    const { files, log } = this.#room;
    const { writer, address } = this.#guest;
    const { name: member } = writer;
    await files.publish(member, { ...file, ...UNVERIFIED }, address);
    const { name, size } = file;
    log.info({ event: 'files.publish', member, file: name, size, dialect: 'share' }, 'published');
    return encodeCode(PUBLISHED);
  }

  /** Others alone: whoever fetched from himself would write over what he reads. */
  async #fetch(name: string): Promise<Answer> {
    const own = nameKey(this.#guest.writer.name);
    const givers = await this.#room.files.givers(name);
    const peers = givers.flatMap((giver) => (nameKey(giver.member) === own ? [] : this.#place(giver)));
    if (peers.length === 0) throw new Failure('NO_SUCH_FILE');
    while (encodePeers(peers).length > BODY_BYTES) peers.pop();
    return encodeBody(FOUND, encodePeers(peers));
  }

  #place({ member, address, tcpPort }: Source): SharePeer[] {
    if (address === null || tcpPort === undefined) return [];
    return [{ member, address: addressSeenBy(this.#guest, address), port: tcpPort }];
  }
}
