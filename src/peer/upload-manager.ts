import { AppError } from '../domain/app-error.ts';
import type { FileRequest } from './channel-request.ts';
import { createFileSource, type FileSource } from './file-source.ts';
import type { FramedChannel } from './framed-channel.ts';
import type { ShareStore } from './share-store.ts';
import type { TransferEntry, TransferRegistry } from './transfer-registry.ts';
import { Upload, type UploadProgress } from './upload.ts';
import type { UploadSlots } from './upload-slots.ts';

export interface UploadManagerOptions {
  readonly shareStore: ShareStore;
  readonly slots: UploadSlots;
  readonly transfers: TransferRegistry;
}

/** Sends published files to members who request them by name and hash. */
export class UploadManager {
  readonly #options: UploadManagerOptions;
  readonly #uploads = new Map<number, Upload>();

  constructor(options: UploadManagerOptions) {
    this.#options = options;
  }

  /** Resolves when the channel has ended, for whatever reason. After an interruption the other side asks again. */
  async serve(request: FileRequest, channel: FramedChannel): Promise<void> {
    const { member, path } = channel.peer;
    const { shareStore, slots, transfers } = this.#options;
    let entry: TransferEntry | undefined;
    const upload = new Upload({
      channel,
      slots,
      onProgress: (progress) => entry?.update(uploadToTransferUpdate(progress)),
    });
    const open = async ({ name, hash }: { name: string; hash: string }): Promise<FileSource> => {
      const { share, leaves } = await shareStore.find(name, hash);
      const source = await createFileSource(share.path, { root: hash, leaves });
      const { size } = share;
      entry = transfers.add({ direction: 'out', member, name: share.name, size, files: 1, state: 'connecting' });
      entry.setPath(member, path);
      this.#uploads.set(entry.id, upload);
      return source;
    };
    try {
      await upload.serve(request, { open });
      entry?.end('done');
    } catch (thrown) {
      const error = AppError.from(thrown);
      const isCancelled = error.code === 'CONNECTION_ENDED' && error.data.declined === true;
      entry?.end(isCancelled ? 'cancelled' : 'failed', error);
    } finally {
      if (entry) this.#uploads.delete(entry.id);
    }
  }

  /** @returns whether the transfer exists */
  cancel(id: number): boolean {
    const upload = this.#uploads.get(id);
    if (!upload) return false;
    this.#options.transfers.get(id)?.end('cancelled');
    upload.cancel(new AppError('GONE', 'The sender cancelled the transfer.'));
    return true;
  }

  stop(): void {
    for (const upload of this.#uploads.values()) upload.cancel(shutdownError(), false);
  }
}

export function uploadToTransferUpdate({ state, done, bytesPerSecond, queuePosition }: UploadProgress) {
  const reset = state === 'active' ? { reason: null, status: null } : {};
  return { state, done, bytesPerSecond, place: queuePosition, ...reset };
}

/** Sent to the other sides when this process ends. It does not end the transfer, which can resume. */
export function shutdownError(): AppError {
  return new AppError('CONNECTION_ENDED', 'The other side went offline. The transfer resumes when they are back.');
}
