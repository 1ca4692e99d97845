import type { ClientAddresses } from '../domain/address.ts';
import type { AppError } from '../domain/app-error.ts';
import type { Account } from '../projections/accounts.ts';
import type { Writer } from '../room/forum.ts';
import type { Services } from '../server/services.ts';
import type { LegacyProtocolName } from './listen-address.ts';

/** The services that legacy protocols use. */
export type LegacyServices = Pick<
  Services,
  | 'accounts'
  | 'addressBans'
  | 'connectionLimiter'
  | 'budget'
  | 'catchUp'
  | 'files'
  | 'forum'
  | 'limits'
  | 'log'
  | 'now'
  | 'presence'
  | 'rates'
  | 'serverName'
  | 'connections'
  | 'scheduler'
  | 'view'
>;

/** The wire protocol of an older program, on one port. */
export interface LegacyProtocol {
  readonly name: LegacyProtocolName;
  /** Secrets that its clients send: legacy protocols are clear text only. */
  readonly clearTextSecrets?: string;
  /** Bytes that its clients read at once: no reply is longer. */
  readonly maxReplyBytes?: number;
  readonly maxRequestBytes: number;
  readonly hasAccounts: boolean;
  /** Time to sign in, or to send a request if the protocol has no accounts. */
  readonly timeoutMs: number;
  /** Whether its clients start with such an object; required to share a port. */
  recognizes?(first: object): boolean;
  openSession(client: ProtocolClient): LegacySession<unknown>;
}

/** The client of a session: a `LegacyConnection`. */
export interface ProtocolClient extends ClientAddresses {
  readonly member: Writer | undefined;
  /** @throws AppError NOT_SIGNED_IN */
  readonly writer: Writer;
  /** The port on which the client receives or offers files. */
  port: number | undefined;
  /** @throws AppError as `Accounts.signIn`; ALREADY_SIGNED_IN */
  signIn(name: string, password: string): Promise<Writer>;
  /** Creates an account and signs in. @throws AppError as `Accounts.signUp` */
  signUp(name: string, password: string): Promise<Writer>;
  /** Creates an account without signing in. @throws AppError as `Accounts.signUp` */
  createAccount(name: string, password: string): Promise<Account>;
  signOut(): void;
  /** Sends an unsolicited message. */
  send(reply: Reply): void;
  /** Ends the protocol on its port, for all clients. */
  terminateProtocol(): void;
}

/** The services and the client of a `LegacySession`. */
export abstract class SessionBase {
  protected readonly services: LegacyServices;
  protected readonly client: ProtocolClient;

  constructor(services: LegacyServices, client: ProtocolClient) {
    this.services = services;
    this.client = client;
  }
}

/** Written to the client in one piece. */
export type Reply = string | Buffer;

export type OptionalReply = Reply | FinalReply | undefined;

/** A reply after which the connection ends. */
export class FinalReply {
  readonly reply: Reply | undefined;

  constructor(reply?: Reply) {
    this.reply = reply;
  }
}

export interface DecodedRequest<R> {
  readonly request: R;
  /** Bytes that the request took. */
  readonly usedBytes: number;
}

/** Handles one request at a time: the next one is decoded after the previous one is answered. */
export interface LegacySession<R> {
  readonly greeting?: Reply;
  /**
   * Decodes the first request; undefined while it is incomplete.
   * @param quiet nothing more has arrived for a moment
   * @throws AppError for invalid bytes: the connection ends with the closing message
   */
  decode(bytes: Buffer, quiet: boolean): DecodedRequest<R> | undefined;
  /** Errors are converted by `errorReply`. */
  handle(request: R): OptionalReply | Promise<OptionalReply>;
  errorReply(error: AppError): OptionalReply;
  /** Sent when the daemon ends the connection. */
  closingMessage(reason: string): Reply;
  /** Whether the client sent it without user action: it does not count as activity. */
  isBackground?(request: R): boolean;
  /** As `ClientConnection.roundTrip`; missing if the protocol has no ping. */
  roundTrip?(timeoutMs: number): Promise<number | undefined>;
  onClosed?(): void;
}

/** Creates a protocol for one port. */
export type LegacyProtocolFactory = (services: LegacyServices) => LegacyProtocol;

/** The longest prefix of whole characters that fits into `bytes` bytes of UTF-8. */
export function truncateUtf8(text: string, bytes: number): string {
  if (text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes) return text;
  // A character of three bytes is one unit of a string, one of four bytes is two: more units than bytes never fit.
  const decoded = Buffer.from(text.slice(0, bytes)).subarray(0, bytes + 1);
  let end = bytes;
  while (end > 0 && (decoded[end]! & 0xc0) === 0x80) end--;
  return decoded.toString('utf8', 0, end);
}
