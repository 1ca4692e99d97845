/** The part of udx-native 1.21 that goldctl uses; the package has no declarations. See docs/decisions/0014. */
declare module 'udx-native' {
  import type { Buffer } from 'node:buffer';
  import type { EventEmitter } from 'node:events';

  /** One per transport: stream ids are unique within it. Does not keep the process alive by itself. */
  export default class UDX {
    /** @returns an unbound socket */
    createSocket(options?: { ipv6Only?: boolean; reuseAddress?: boolean }): UDXSocket;
    /**
     * Receives packets for `id` from now on, even before it is connected.
     * @param id u32; must not be in use by another stream of this UDX, which is not checked and would break both
     */
    createStream(
      id: number,
      options?: {
        /**
         * Called for each packet that arrives before `connect`; returns true to drop it. Runs inside native code, so it
         * must not call the stream.
         */
        firewall?: (socket: UDXSocket, port: number, host: string, family: number) => boolean;
        /** Splits reads at the end of the other side's frames, which start with a u24le length. */
        framed?: boolean;
      },
    ): UDXStream;
  }

  export interface Sender {
    readonly host: string;
    readonly family: 4 | 6;
    readonly port: number;
  }

  /** Emits `message` for every packet that belongs to none of its streams, and `close`. */
  export interface UDXSocket extends EventEmitter {
    /** Connected streams that are not closed. */
    readonly streams: ReadonlySet<UDXStream>;
    /** @throws EADDRINUSE, EACCES and others, as Error with `code` */
    bind(port?: number, host?: string): void;
    /** Null before `bind`. */
    address(): { host: string; family: 4 | 6; port: number } | null;
    /** Drops the packet silently if the system does not accept it. @param host an IP address of the socket's family */
    trySend(bytes: Uint8Array, port: number, host: string): void;
    /** Waits until its last stream is closed. */
    close(): Promise<void>;
    /** In bytes, as granted by the system. */
    getRecvBufferSize(): number;
    setRecvBufferSize(bytes: number): void;
    getSendBufferSize(): number;
    setSendBufferSize(bytes: number): void;
    on(event: 'message', listener: (bytes: Buffer, from: Sender) => void): this;
    on(event: 'close', listener: () => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }

  /**
   * A streamx Duplex, which is similar to a Node Duplex but not compatible with `pipe`. It has no receiver flow control.
   * Errors: ETIMEDOUT (no acknowledgement for 13 s), ECONNRESET (the other side destroyed it).
   */
  export interface UDXStream extends EventEmitter {
    readonly id: number;
    readonly connected: boolean;
    readonly destroying: boolean;
    readonly destroyed: boolean;
    readonly remoteHost: string | null;
    readonly remotePort: number;
    /** Bytes per packet. */
    readonly mtu: number;
    /** Milliseconds. */
    readonly rtt: number;
    /** Bytes sent and not yet acknowledged. */
    readonly inflight: number;
    readonly bytesReceived: number;
    readonly packetsReceived: number;
    readonly retransmits: number;
    connect(socket: UDXSocket, remoteId: number, port: number, host: string): void;
    /** @param ms silence after which a packet is sent that requires an acknowledgement; 0 for never */
    setKeepalive(ms: number): void;
    /** @returns false if the caller should wait for `drain`. The bytes must not change until they are acknowledged. */
    write(bytes: Uint8Array): boolean;
    end(): this;
    /** Resolves when everything written is acknowledged (true) or never will be (false). */
    flush(): Promise<boolean>;
    pause(): this;
    resume(): this;
    destroy(error?: Error): void;
    /** Called by UDX with the bytes of every packet, and with null at the end. The result has no effect. */
    push(bytes: Buffer | null): boolean;
    on(event: 'data', listener: (bytes: Buffer) => void): this;
    on(event: 'end' | 'drain' | 'finish' | 'close' | 'connect', listener: () => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
    once(event: 'close' | 'finish' | 'drain', listener: () => void): this;
  }
}
