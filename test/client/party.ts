import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PeerFileClient, type PeerFileClientOptions, type TransferOffer } from '../../src/client/peer-file-client.ts';
import { ReconnectingClient } from '../../src/client/reconnecting-client.ts';
import { parseTarget } from '../../src/client/target.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { isFinished, type Transfer } from '../../src/domain/transfer.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import type { DaemonFixture } from '../daemon-fixture.ts';

/** What a member needs of a daemon. */
export type PartyDaemon = Pick<DaemonFixture, 'address' | 'anotherHome'>;

const PASSWORD = 'a secret';

/** A member with a connection to the daemon and a real peer process, who records events. */
export class Party {
  readonly name: string;
  readonly home: HomeDirectory;
  readonly link: ReconnectingClient;
  readonly peers: PeerFileClient;
  readonly offers: TransferOffer[] = [];
  readonly notices: string[] = [];
  readonly told: Transfer[] = [];
  /** How often the daemon learned how the peer is reached. */
  registered = 0;
  #wake: (() => void)[] = [];

  static async join(
    daemon: PartyDaemon,
    name: string,
    options: Partial<PeerFileClientOptions> & { readonly asks?: boolean; readonly home?: HomeDirectory } = {},
  ): Promise<Party> {
    const home = options.home ?? (await daemon.anotherHome());
    const party = new Party(daemon, name, home, options);
    await party.link.start();
    if (party.link.name === null) await party.link.signUp({ name, password: PASSWORD });
    await party.peers.start();
    return party;
  }

  private constructor(
    daemon: PartyDaemon,
    name: string,
    home: HomeDirectory,
    { asks = true, ...options }: Partial<PeerFileClientOptions> & { readonly asks?: boolean },
  ) {
    this.name = name;
    this.home = home;
    this.link = new ReconnectingClient({
      target: parseTarget(`tcp://${daemon.address}`),
      home,
      onOnline: () => {
        void this.peers.reregister().then(
          () => {
            this.registered += 1;
            this.#changed();
          },
          (thrown) => this.notices.push(AppError.from(thrown).message),
        );
      },
    });
    this.peers = new PeerFileClient({
      connection: this.link,
      home,
      silenceMs: 1500,
      ...(asks ? { onOffer: (offer: TransferOffer) => this.#keep(this.offers, offer) } : {}),
      onTransfer: (transfer) => this.#keep(this.told, transfer),
      onNotice: (text) => this.#keep(this.notices, text),
      ...options,
    });
  }

  /** Creates a file of bytes that no other seed creates. @returns its path */
  async file(name: string, bytes: number, seed = 1): Promise<string> {
    const path = join(this.home.root, 'files', name);
    await mkdir(dirname(path), { recursive: true });
    const content = Buffer.alloc(bytes);
    let state = seed >>> 0;
    for (let i = 0; i < bytes; i += 4) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      if (i + 4 <= bytes) content.writeUInt32LE(state, i);
    }
    await writeFile(path, content);
    return path;
  }

  /** Resolves when the condition holds; checked at every event. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  /** The next pending offer. */
  async offered(): Promise<TransferOffer> {
    await this.until(() => this.peers.offers.length > 0);
    return this.peers.offers[0]!;
  }

  transfer(id: number): Transfer | undefined {
    return this.peers.transfers.find((transfer) => transfer.id === id);
  }

  /** Resolves when that many bytes have arrived; rejects if the transfer ends before. */
  async reached(id: number, bytes: number): Promise<void> {
    await this.until(() => {
      const transfer = this.transfer(id);
      if (!transfer) return false;
      if (transfer.done < bytes && isFinished(transfer)) throw new Error(`${transfer.state}: ${transfer.reason}`);
      return transfer.done >= bytes;
    });
  }

  async leave(): Promise<void> {
    await this.peers.stop();
    await this.link.stop();
  }

  #keep<T>(list: T[], value: T): void {
    list.push(value);
    this.#changed();
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

export async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

export async function failure(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise;
  } catch (thrown) {
    return AppError.from(thrown);
  }
  throw new Error('Expected an AppError.');
}
