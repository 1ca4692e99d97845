import { AppError } from '../domain/app-error.ts';
import { FrameError } from './frame.ts';
import type { FramedChannel } from './framed-channel.ts';
import { encodeRefusal, type FileSpec, MAX_TRANSFER_BYTES, type PeerMessage } from './peer-message.ts';
import { assertSafePaths, safeName } from './safe-path.ts';

/** The first message on a channel, from the side that opened it. */
export type ChannelRequest = FileRequest | FileOffer;

export interface FileRequest {
  readonly kind: 'want';
  readonly name: string;
  readonly hash: string;
}

export interface FileOffer {
  readonly kind: 'offer';
  /** 32 hexadecimal digits; the same when the offer is repeated after a lost connection. */
  readonly id: string;
  /** Safe as a file name and for display. */
  readonly name: string;
  readonly folder: boolean;
  /** Their paths are safe. */
  readonly files: readonly FileSpec[];
  /** Bytes. */
  readonly size: number;
}

/** Limit on the paths of one offer together. */
const MAX_TOTAL_PATH_CHARS = 4 * 1024 * 1024;

/**
 * Waits for the first request on a channel that the other side has opened. An unsafe offer is refused here.
 * @throws AppError; the channel is closed then
 */
export async function readChannelRequest(channel: FramedChannel, { timeoutMs = 30_000 } = {}): Promise<ChannelRequest> {
  const { member } = channel.peer;
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<ChannelRequest>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(new AppError('TOO_SLOW', `${member} opened a connection but sent no request.`));
      }, timeoutMs);
      channel.ended.then((error) => reject(error ?? closedEarlyError(member)));
      const reader = new ChannelRequestReader();
      channel.setHandler({
        onMessage(message) {
          try {
            const request = reader.add(message);
            if (!request) return;
            channel.clearHandler();
            resolve(request);
          } catch (error) {
            if (error instanceof AppError) reject(error);
            else throw error;
          }
        },
      });
    });
  } catch (error) {
    if (!channel.isClosed) await sendRefusal(channel, AppError.from(error));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Sends the reason and closes the channel. */
export async function sendRefusal(channel: FramedChannel, reason: AppError, declined = false): Promise<void> {
  channel.send(encodeRefusal(reason, declined));
  channel.close();
}

/** Refuses an offer because a person or a rule declined it. */
export function declineOffer(channel: FramedChannel, reason: AppError): Promise<void> {
  return sendRefusal(channel, reason, true);
}

/** Assembles an offer from its messages. */
class ChannelRequestReader {
  #offer: Extract<PeerMessage, { type: 'offer' }> | undefined;
  #files: FileSpec[] = [];
  #pathChars = 0;

  /** @returns undefined while the request is incomplete */
  add(message: PeerMessage): ChannelRequest | undefined {
    if (message.type === 'want' && !this.#offer) return { kind: 'want', name: message.name, hash: message.hash };
    if (message.type === 'offer' && !this.#offer && message.count > 0) {
      this.#offer = message;
      return undefined;
    }
    if (message.type !== 'files' || !this.#offer) throw new FrameError('The first message is neither want nor offer.');
    for (const file of message.files) {
      this.#files.push(file);
      this.#pathChars += file.path.length;
    }
    const { id, name, folder, count } = this.#offer;
    if (this.#files.length > count || this.#pathChars > MAX_TOTAL_PATH_CHARS || message.files.length === 0) {
      throw new FrameError('An offer has more files than announced, or its names are too long.');
    }
    if (this.#files.length < count) return undefined;
    return { kind: 'offer', id, name: safeName(name), folder, ...validateFiles(this.#files, folder) };
  }
}

function validateFiles(files: readonly FileSpec[], isFolder: boolean): { files: readonly FileSpec[]; size: number } {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  if (size > MAX_TRANSFER_BYTES) throw new AppError('TOO_LARGE', 'One transfer is limited to 1 TiB. Send it in parts.');
  if (isFolder) {
    assertSafePaths(files);
    return { files, size };
  }
  if (files.length !== 1) throw new FrameError('An offer of a single file has several files.');
  return { files: files.map((file) => ({ ...file, path: safeName(file.path) })), size };
}

function closedEarlyError(member: string): AppError {
  return new AppError('CONNECTION_ENDED', `${member} closed the connection before sending a request.`);
}
