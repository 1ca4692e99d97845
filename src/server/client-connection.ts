import type { EventParams } from '../protocol/events.ts';
import type { Writer } from '../room/forum.ts';
import type { PresenceConnection } from '../room/presence-connection.ts';
import type { CloseOptions } from './connection.ts';

export const TRANSPORTS = ['tls', 'clear', 'control', 'dialect'] as const;
export type TransportKind = (typeof TRANSPORTS)[number];

/** Any open connection: a session of goldctl's own protocol, or a legacy client. */
export interface ClientConnection extends PresenceConnection {
  readonly transport: TransportKind;
  readonly isSignedIn: boolean;
  /** Bytes that the client has not read yet. */
  readonly queuedBytes: number;
  /** The client reads more slowly than it is written to. */
  readonly isBehind: boolean;
  /** The signed-in member. @throws AppError NOT_SIGNED_IN */
  readonly writer: Writer;
  /** It is signing out itself, so that its revoked token must not end it. */
  readonly isSigningOut?: boolean;
  end(reason: string, options?: CloseOptions): void;
  /** Ends the connection of a banned address with the reason. */
  disconnectBanned(reason: string | undefined): void;
  /** Sends a peer introduction. */
  notifyIntroduction(introduction: EventParams<'peer'>): void;
  /** Whether `roundTrip` works: some legacy protocols have no ping. */
  readonly canBePinged: boolean;
  /** Round-trip time in ms; undefined after the timeout. */
  roundTrip(timeoutMs: number): Promise<number | undefined>;
  /** Called every ping interval, where the protocol has a keep-alive. */
  ping?(now: number): void;
  /** Called periodically: drops a client that has read nothing for too long. */
  dropIfStalled(now: number): void;
}
