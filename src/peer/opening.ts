import { Failure } from '../domain/failure.ts';
import { FrameError } from './frame.ts';
import { type FileSpec, MAX_BYTES, type Message, refusal } from './message.ts';
import { checkPaths, safeName } from './safe-path.ts';
import type { Wire } from './wire.ts';

/** What the side that made a channel wants of the other. */
export type Opening = Want | Offer;

export interface Want {
  readonly kind: 'want';
  readonly name: string;
  readonly hash: string;
}

export interface Offer {
  readonly kind: 'offer';
  /** 32 hexadecimal digits; the same where the same is offered once more after a loss. */
  readonly id: string;
  /** Safe to save under, and to show. */
  readonly name: string;
  readonly folder: boolean;
  /** With safe paths. */
  readonly files: readonly FileSpec[];
  /** Bytes. */
  readonly size: number;
}

/** Characters that all paths of an offer may have together. */
const PATHS_LENGTH = 4 * 1024 * 1024;

/**
 * Waits for the first words on a channel that somebody else made. An offer that is not safe is refused here.
 * @throws Failure; the wire is over then
 */
export async function readOpening(wire: Wire, { timeoutMs = 30_000 } = {}): Promise<Opening> {
  const { member } = wire.channel;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Opening>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Failure('TOO_SLOW', `${member} made a connection and did not say what for.`));
      }, timeoutMs);
      wire.ended.then((failure) => reject(failure ?? left(member)));
      const reader = new OpeningReader();
      wire.use({
        onMessage(message) {
          try {
            const opening = reader.take(message);
            if (!opening) return;
            wire.release();
            resolve(opening);
          } catch (error) {
            if (error instanceof Failure) reject(error);
            else throw error;
          }
        },
      });
    });
  } catch (error) {
    if (!wire.over) await refuse(wire, Failure.from(error));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Says no, and why, and closes. */
export async function refuse(wire: Wire, failure: Failure, declined = false): Promise<void> {
  wire.send(refusal(failure, declined));
  wire.close();
}

/** Says no to an offer, for a person or for a rule. */
export function decline(wire: Wire, failure: Failure): Promise<void> {
  return refuse(wire, failure, true);
}

/** Puts an offer together of its frames. */
class OpeningReader {
  #offer: Extract<Message, { type: 'offer' }> | undefined;
  #files: FileSpec[] = [];
  #length = 0;

  /** Undefined while there is more to come. */
  take(message: Message): Opening | undefined {
    if (message.type === 'want' && !this.#offer) return { kind: 'want', name: message.name, hash: message.hash };
    if (message.type === 'offer' && !this.#offer && message.count > 0) {
      this.#offer = message;
      return undefined;
    }
    if (message.type !== 'files' || !this.#offer)
      throw new FrameError('The channel begins with neither want nor offer.');
    for (const file of message.files) {
      this.#files.push(file);
      this.#length += file.path.length;
    }
    const { id, name, folder, count } = this.#offer;
    if (this.#files.length > count || this.#length > PATHS_LENGTH || message.files.length === 0) {
      throw new FrameError('An offer has more files than it said, or names that are too long.');
    }
    if (this.#files.length < count) return undefined;
    return { kind: 'offer', id, name: safeName(name), folder, ...checkFiles(this.#files, folder) };
  }
}

function checkFiles(files: readonly FileSpec[], folder: boolean): { files: readonly FileSpec[]; size: number } {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > MAX_BYTES) throw new Failure('TOO_LARGE', 'More than 1 TiB is not taken at once. Send it in parts.');
  if (folder) {
    checkPaths(files);
    return { files, size };
  }
  if (files.length !== 1) throw new FrameError('A single file is offered as several.');
  return { files: files.map((file) => ({ ...file, path: safeName(file.path) })), size };
}

function left(member: string): Failure {
  return new Failure('CONNECTION_ENDED', `${member} closed the connection before saying what it was for.`);
}
