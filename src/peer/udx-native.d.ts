/** What goldctl uses of udx-native 1.21: it comes without declarations. Facts in docs/decisions/0014. */
declare module 'udx-native' {
  import type { Buffer } from 'node:buffer';
  import type { EventEmitter } from 'node:events';

  /** One per endpoint: ids of streams are unique within it. Keeps nothing open by itself. */
  export default class UDX {
    /** Not bound yet. */
    createSocket(options?: { ipv6Only?: boolean; reuseAddress?: boolean }): UDXSocket;
    /**
     * Takes packets for `id` from now on, also before it is connected.
     * @param id u32, not in use by another stream of this UDX: nobody checks, and neither of the two would work.
     */
    createStream(
      id: number,
      options?: {
        /**
         * Asked for each packet that comes before `connect`: true to drop it. Called from within the C code: must not
         * call back into the stream.
         */
        firewall?: (socket: UDXSocket, port: number, host: string, family: number) => boolean;
        /** Reads are cut where the other side's frames (u24le length first) end. */
        framed?: boolean;
      },
    ): UDXStream;
  }

  export interface Sender {
    readonly host: string;
    readonly family: 4 | 6;
    readonly port: number;
  }

  /** Emits `message` for every packet that belongs to no stream of it, and `close`. */
  export interface UDXSocket extends EventEmitter {
    /** Streams that are connected and not closed. */
    readonly streams: ReadonlySet<UDXStream>;
    /** @throws EADDRINUSE, EACCES and others, as Error with `code` */
    bind(port?: number, host?: string): void;
    /** Null before `bind`. */
    address(): { host: string; family: 4 | 6; port: number } | null;
    /** Gives up without a word where the system does not take it. @param host an IP address of the socket's own family */
    trySend(bytes: Uint8Array, port: number, host: string): void;
    /** Waits until the last stream of it is closed. */
    close(): Promise<void>;
    /** Bytes, as the system has them. */
    getRecvBufferSize(): number;
    setRecvBufferSize(bytes: number): void;
    getSendBufferSize(): number;
    setSendBufferSize(bytes: number): void;
    on(event: 'message', listener: (bytes: Buffer, from: Sender) => void): this;
    on(event: 'close', listener: () => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }

  /**
   * A Duplex of streamx, near to node's but not one: no `pipe` to node's streams without care. It has no flow control
   * on the receiving side. Errors: ETIMEDOUT (13 s without an answer), ECONNRESET (the other side destroyed it).
   */
  export interface UDXStream extends EventEmitter {
    readonly id: number;
    readonly connected: boolean;
    readonly destroying: boolean;
    readonly destroyed: boolean;
    readonly remoteHost: string | null;
    readonly remotePort: number;
    /** Bytes a packet. */
    readonly mtu: number;
    /** Milliseconds. */
    readonly rtt: number;
    /** Bytes sent and not yet acknowledged. */
    readonly inflight: number;
    readonly bytesReceived: number;
    readonly packetsReceived: number;
    readonly retransmits: number;
    connect(socket: UDXSocket, remoteId: number, port: number, host: string): void;
    /** @param ms silence after which a packet is sent that asks for an answer; 0 for never */
    setKeepalive(ms: number): void;
    /** False when more should wait for `drain`. The bytes must stay as they are until they are acknowledged. */
    write(bytes: Uint8Array): boolean;
    end(): this;
    /** Resolves when all that was written is acknowledged (true), or never will be (false). */
    flush(): Promise<boolean>;
    pause(): this;
    resume(): this;
    destroy(error?: Error): void;
    /** Called by UDX with every packet's bytes, and with null at the end; asks for nothing to be held back. */
    push(bytes: Buffer | null): boolean;
    on(event: 'data', listener: (bytes: Buffer) => void): this;
    on(event: 'end' | 'drain' | 'finish' | 'close' | 'connect', listener: () => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    once(event: 'close' | 'finish' | 'drain', listener: () => void): this;
  }
}
