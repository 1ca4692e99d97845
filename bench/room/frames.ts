/** The terminal saves its cursor position before a frame is drawn: once per frame. */
const BEGIN = '\x1b7';

/** Counts the frames of a dashboard. */
export class Frames {
  /** The time of each frame. */
  readonly #at: number[] = [];
  #rest = '';

  take(data: string): void {
    const text = this.#rest + data;
    const now = performance.now();
    for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at + 1)) this.#at.push(now);
    this.#rest = text.endsWith('\x1b') ? '\x1b' : '';
  }

  since(begun: number): number {
    return this.#at.filter((at) => at >= begun).length;
  }

  /** The maximum within any second. */
  most(begun: number): number {
    const frames = this.#at.filter((at) => at >= begun);
    let most = 0;
    for (let first = 0, last = 0; last < frames.length; last++) {
      while (frames[last]! - frames[first]! >= 1000) first += 1;
      most = Math.max(most, last - first + 1);
    }
    return most;
  }
}
