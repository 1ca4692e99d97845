import { randomBytes } from 'node:crypto';
import { canonicalName } from '../domain/account.ts';
import { addressSeenBy } from '../domain/address.ts';
import { AppError } from '../domain/app-error.ts';
import { LEGACY_LISTING } from '../domain/file-listing.ts';
import type { FileLocation } from '../room/file-catalog.ts';
import { PendingPings } from '../server/pending-pings.ts';
import {
  FinalReply,
  type LegacyProtocol,
  type LegacyServices,
  type LegacySession,
  type OptionalReply,
  SessionBase,
} from './legacy-protocol.ts';
import {
  decodeShareMessage,
  encodeBody,
  encodeCode,
  encodePeers,
  MAX_SHARE_MESSAGE_BYTES,
  parseShareRequest,
  type SharePeer,
  type ShareRequest,
} from './share-wire.ts';

/** Codes that the clients know; any other error is an invalid request. */
const KNOWN_STATUSES: ReadonlySet<number> = new Set([400, 401, 402, 403, 404, 406]);
const [SIGNED_IN, SIGNED_UP, PUBLISHED, PING, FOUND] = [200, 201, 202, 203, 204] as const;
const [INVALID, WRONG_PASSWORD, ENDED] = [400, 402, 405] as const;
/** A body is read at once, so it must arrive in one segment on any network. */
const MAX_BODY_BYTES = 1400;
const NONCE_BYTES = 16;

/** The file-sharing protocol: who has which file. Files go from client to client over plain TCP, without the daemon. */
export function shareProtocol(services: LegacyServices): LegacyProtocol {
  return {
    name: 'share',
    clearTextSecrets: 'passwords',
    maxRequestBytes: MAX_SHARE_MESSAGE_BYTES,
    hasAccounts: true,
    get timeoutMs() {
      return services.limits.signInMs;
    },
    openSession: (client) => new ShareSession(services, client),
  };
}

/** Undefined for an invalid request; null if the rest of the input is invalid too. */
type ParsedShareRequest = ShareRequest | undefined | null;

class ShareSession extends SessionBase implements LegacySession<ParsedShareRequest> {
  /** By nonce. */
  readonly #pendingPings = new PendingPings<string>();

  decode(bytes: Buffer): { request: ParsedShareRequest; usedBytes: number } | undefined {
    try {
      const message = decodeShareMessage(bytes);
      return message && { request: parseShareRequest(message.request), usedBytes: message.usedBytes };
    } catch {
      return { request: null, usedBytes: bytes.length };
    }
  }

  handle(request: ParsedShareRequest): OptionalReply | Promise<OptionalReply> {
    switch (request?.verb) {
      case undefined:
        return request === null ? new FinalReply(encodeCode(INVALID)) : encodeCode(INVALID);
      case 'login':
        return this.#signIn(request);
      case 'register':
        return this.#signUp(request);
      case 'publish':
        return this.#publish(request);
      case 'fetch':
        return this.#fetch(request.name);
      case 'exit':
        return this.#signOut();
      case 'ping':
        this.#pendingPings.answer(request.nonce, performance.now());
        return undefined;
    }
  }

  errorReply({ code, status }: AppError): OptionalReply {
    if (code === 'LOCKED_OUT') return encodeCode(WRONG_PASSWORD);
    return encodeCode(KNOWN_STATUSES.has(status) ? status : INVALID);
  }

  closingMessage(): Buffer {
    return encodeCode(ENDED);
  }

  isBackground(request: ParsedShareRequest): boolean {
    return request?.verb === 'ping';
  }

  roundTrip(timeoutMs: number): Promise<number | undefined> {
    const nonce = randomBytes(NONCE_BYTES).toString('hex');
    return this.#pendingPings.measure(nonce, () => this.client.send(encodeBody(PING, nonce)), timeoutMs);
  }

  onClosed(): void {
    this.#pendingPings.cancelAll();
  }

  async #signIn({ name, password, port }: ShareRequest & { verb: 'login' | 'register' }): Promise<OptionalReply> {
    const { member } = this.client;
    if (member && canonicalName(member.name) === canonicalName(name)) throw new AppError('ALREADY_SIGNED_IN');
    await this.client.signIn(name, password);
    this.client.port = port;
    return encodeCode(SIGNED_IN);
  }

  async #signUp({ name, password }: ShareRequest & { verb: 'login' | 'register' }): Promise<OptionalReply> {
    const { address } = this.client;
    const account = await this.client.createAccount(name, password);
    this.services.log.info({ event: 'account.signUp', name: account.name, address, dialect: 'share' }, 'signed up');
    return encodeCode(SIGNED_UP);
  }

  /** The graphical client waits for no reply, and signs in on a new connection before it closes this one. */
  #signOut(): undefined {
    const { member, address } = this.client;
    if (!member) return;
    this.client.signOut();
    this.services.log.info({ event: 'account.signOut', name: member.name, address, dialect: 'share' }, 'signed out');
  }

  async #publish({ verb: _, ...file }: ShareRequest & { verb: 'publish' }): Promise<OptionalReply> {
    const { files, log } = this.services;
    const { writer, address } = this.client;
    const { name: member } = writer;
    await files.publish(member, { ...file, ...LEGACY_LISTING }, address);
    const { name, size } = file;
    log.info({ event: 'files.publish', member, file: name, size, dialect: 'share' }, 'published');
    return encodeCode(PUBLISHED);
  }

  /** Other members only: a client that downloads from itself overwrites the file that it reads. */
  async #fetch(name: string): Promise<OptionalReply> {
    const own = canonicalName(this.client.writer.name);
    const sources = await this.services.files.legacyLocations(name);
    const peers = sources.flatMap((source) => (canonicalName(source.member) === own ? [] : this.#peerOf(source)));
    if (peers.length === 0) throw new AppError('NO_SUCH_FILE');
    while (encodePeers(peers).length > MAX_BODY_BYTES) peers.pop();
    return encodeBody(FOUND, encodePeers(peers));
  }

  #peerOf({ member, address, tcpPort }: FileLocation): SharePeer[] {
    if (address === null || tcpPort === undefined) return [];
    return [{ member, address: addressSeenBy(this.client, address), port: tcpPort }];
  }
}
