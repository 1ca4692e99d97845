import { Failure } from '../domain/failure.ts';
import type { Library } from './library.ts';
import type { Want } from './opening.ts';
import type { Slots } from './slots.ts';
import { type Source, sourceOf } from './source.ts';
import type { TransferEntry, Transfers } from './transfers.ts';
import { Upload, type UploadProgress } from './upload.ts';
import type { Wire } from './wire.ts';

/** Gives published files to whoever asks for them by name and hash. */
export class Serving {
  readonly #library: Library;
  readonly #slots: Slots;
  readonly #transfers: Transfers;
  readonly #uploads = new Map<number, Upload>();

  constructor({ library, slots, transfers }: { library: Library; slots: Slots; transfers: Transfers }) {
    this.#library = library;
    this.#slots = slots;
    this.#transfers = transfers;
  }

  /** Resolves when the channel is over, however it ends: the other side asks again where it was cut off. */
  async serve(want: Want, wire: Wire): Promise<void> {
    const { member, path } = wire.channel;
    let entry: TransferEntry | undefined;
    const upload = new Upload({
      wire,
      slots: this.#slots,
      onProgress: (progress) => entry?.set(shown(progress)),
    });
    const open = async ({ name, hash }: { name: string; hash: string }): Promise<Source> => {
      const { share, leaves } = await this.#library.find(name, hash);
      const source = await sourceOf(share.path, { root: hash, leaves });
      entry = this.#transfers.begin({
        direction: 'out',
        member,
        name: share.name,
        size: share.size,
        files: 1,
        state: 'connecting',
      });
      entry.reach(member, path);
      this.#uploads.set(entry.id, upload);
      return source;
    };
    try {
      await upload.serve(want, { open });
      entry?.end('done');
    } catch (thrown) {
      const failure = Failure.from(thrown);
      entry?.end(
        failure.code === 'CONNECTION_ENDED' && failure.data.declined === true ? 'cancelled' : 'failed',
        failure,
      );
    } finally {
      if (entry) this.#uploads.delete(entry.id);
    }
  }

  /** @returns whether there is such a transfer */
  cancel(id: number): boolean {
    const upload = this.#uploads.get(id);
    if (!upload) return false;
    const entry = this.#transfers.get(id);
    entry?.end('cancelled');
    upload.cancel(new Failure('GONE', 'Who offers the file ended the transfer.'));
    return true;
  }

  stop(): void {
    for (const upload of this.#uploads.values()) upload.cancel(leaving(), false);
  }
}

/** What an upload tells, as a transfer shows it. */
export function shown({ state, done, bytesPerSecond, place }: UploadProgress) {
  return { state, done, bytesPerSecond, place, ...(state === 'active' ? { reason: null, status: null } : {}) };
}

/** Said to the others at the end of this process: not the end of the transfer. */
export function leaving(): Failure {
  return new Failure('CONNECTION_ENDED', 'The other side has left. The transfer goes on once it is back.');
}
