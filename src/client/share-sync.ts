import { AppError } from '../domain/app-error.ts';
import type { FileListingEntry } from '../domain/file-listing.ts';
import type { Share } from '../peer/ipc.ts';
import type { MethodName, MethodParams, MethodResult } from '../protocol/methods.ts';
import { retryWhenBusy } from './retry-when-busy.ts';

export interface ShareSyncOptions {
  readonly connection: {
    readonly name: string | null;
    call<M extends MethodName>(method: M, params: MethodParams<M>): Promise<MethodResult<M>>;
  };
  /** Key of this peer. */
  readonly key: () => string;
  readonly isStopped: () => boolean;
  readonly onNotice: ((text: string) => void) | undefined;
}

/** Publishes shares at the daemon; those that it does not know of yet wait for the next connection. */
export class ShareSync {
  readonly #options: ShareSyncOptions;
  readonly #unpublished = new Map<string, Share>();

  constructor(options: ShareSyncOptions) {
    this.#options = options;
  }

  add(share: Share): void {
    this.#unpublished.set(share.name, share);
  }

  remove(name: string): void {
    this.#unpublished.delete(name);
  }

  /** After a lost connection, the next reconnect must call it again. */
  async publishAll(): Promise<void> {
    for (const share of [...this.#unpublished.values()]) {
      try {
        await retryWhenBusy(() => this.publish(share), { isWanted: () => !this.#options.isStopped() });
      } catch (thrown) {
        const { message } = AppError.from(thrown);
        if (isConnectionLoss(thrown) || this.#options.isStopped()) return;
        if (this.#unpublished.get(share.name) === share) this.#unpublished.delete(share.name);
        this.#options.onNotice?.(`${share.name} is not published: ${message}`);
      }
    }
  }

  /** @throws AppError as the daemon answers */
  async publish({ name, size, hash, modified, description }: Share): Promise<FileListingEntry> {
    const { connection } = this.#options;
    const file = { name, size, hash, modified, key: this.#options.key() };
    await connection.call('files.publish', { ...file, ...(description === '' ? {} : { description }) });
    if (this.#unpublished.get(name)?.hash === hash) this.#unpublished.delete(name);
    return { member: connection.name ?? '', ...file, description, at: Date.now(), online: true };
  }
}

/** The connection was lost or not signed in: no refusal. */
export function isConnectionLoss(thrown: unknown): boolean {
  return ['CONNECTION_ENDED', 'NO_DAEMON', 'NOT_SIGNED_IN', 'TOO_SLOW'].includes(AppError.from(thrown).code);
}
