/** The terminal keeps its cursor's place before a frame is drawn: once a frame. */
const BEGIN = '\x1b7';

/** Counts the frames that a dashboard writes. */
export class Frames {
  /** When each one came. */
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

  /** The most that came within any one second. */
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
