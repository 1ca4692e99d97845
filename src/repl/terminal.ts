import { Writable } from 'node:stream';
import type { SafeText } from '../domain/safe-text.ts';
import { writeText } from '../domain/text-output.ts';

export type ShellInput = NodeJS.ReadableStream & { readonly isTTY?: boolean };
export type ShellOutput = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** A terminal output that can be muted for readline: nothing of a password may show, not even its length. */
export class MuteableOutput extends Writable {
  isMuted = false;
  readonly #target: ShellOutput;
  readonly #onResize = () => this.emit('resize');

  constructor(target: ShellOutput) {
    super({ decodeStrings: false });
    this.#target = target;
    target.on('resize', this.#onResize);
  }

  get columns(): number {
    return this.#target.columns ?? 80;
  }

  writeUnmuted(text: SafeText): void {
    writeText(this.#target, text);
  }

  release(): void {
    this.#target.off('resize', this.#onResize);
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.isMuted) this.#target.write(chunk);
    done();
  }
}
