import type { Place } from '../protocol/datagram.ts';
import type { Channel } from './channel.ts';
import type { Identity } from './identity.ts';
import type { Introduction } from './introduction.ts';

export interface EndpointSettings {
  readonly identity: Identity;
  /** UDP port; 0 (default) for a free one. */
  readonly port?: number;
  /** Address to listen on; all of them by default. */
  readonly host?: string;
  /** UDP side of the daemon. */
  readonly daemon: { readonly address: string; readonly port: number };
  /** How long `connect` may take in all (default 15 s). */
  readonly handshakeMs?: number;
  /** How long a way without the daemon is looked for (default 4 s). */
  readonly punchMs?: number;
}

/** One UDP socket, and the channels over it. */
export interface EndpointContract {
  readonly port: number;
  start(): Promise<void>;
  stop(): Promise<void>;
  local(): Place[];
  connect(introduction: Introduction, signal?: AbortSignal): Promise<Channel>;
}
