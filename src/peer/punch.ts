import type { Path } from '../domain/transfer.ts';
import { encodeDatagram, isNear, type Place, type Probe } from '../protocol/datagram.ts';
import type { Introduction } from './introduction.ts';
import { placeKey } from './places.ts';

const EVERY_MS = 50;
/** More places than an honest other side has: its addresses as registered, local and seen, and one for each probe that a router rewrote. */
const MAX_CANDIDATES = 16;

interface Candidate {
  readonly place: Place;
  /** A probe of the other side came from there. */
  heard: boolean;
  /** It was told so. */
  told: boolean;
}

/** Where to send, and what that way is called. */
export interface Route {
  readonly place: Place;
  readonly path: Path;
}

/**
 * Looks for a way to the other side without the daemon: probes every place where it may be, until one of them answers
 * that it hears us. That opens the routers of both sides, whichever probes come first and get lost. "Heard" is said of
 * one place at a time, so a place that says it is good both ways. The two sides need not settle on the same pair of
 * places: a stream is known by its number, wherever its packets come from.
 */
export class Punch {
  readonly #candidates = new Map<string, Candidate>();
  readonly #near = new Set<string>();
  readonly #probes: Readonly<Record<'heard' | 'asking', Uint8Array>>;
  readonly #send: (bytes: Uint8Array, to: Place) => void;
  readonly #onFound: (route: Route) => void;
  #timer: NodeJS.Timeout | undefined;
  #found = false;

  constructor(
    introduction: Pick<Introduction, 'id' | 'secret' | 'side' | 'local' | 'address' | 'port'>,
    send: (bytes: Uint8Array, to: Place) => void,
    onFound: (route: Route) => void,
  ) {
    const { id, side, secret, local, address, port } = introduction;
    const probe = (heard: boolean) => encodeDatagram({ type: 'probe', id, side, heard }, secret);
    this.#probes = { heard: probe(true), asking: probe(false) };
    this.#send = send;
    this.#onFound = onFound;
    this.addLocal(local);
    if (address !== null && port !== null) this.add({ address, port });
  }

  start(): void {
    this.#timer = setInterval(() => this.#probe(), EVERY_MS);
    this.#probe();
  }

  /** No more probes of our own; those of the other side are still answered. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Places in the other side's own network. */
  addLocal(places: readonly Place[]): void {
    for (const place of places) {
      this.#near.add(placeKey(place));
      this.add(place);
    }
  }

  add(place: Place): void {
    const isNew = !this.#candidates.has(placeKey(place));
    const candidate = this.#candidate(place);
    if (isNew && candidate && this.#timer) this.#send(this.#probes.asking, place);
  }

  hear(probe: Probe, from: Place): void {
    const candidate = this.#candidate(from);
    if (!candidate) return;
    candidate.heard = true;
    if (!probe.heard || !candidate.told) {
      candidate.told = true;
      this.#send(this.#probes.heard, from);
    }
    if (probe.heard) this.confirm(from);
  }

  /** Whether the other side has proven to be there. */
  hears(from: Place): boolean {
    return this.#candidates.get(placeKey(from))?.heard === true;
  }

  /** This place is good both ways. */
  confirm(place: Place): void {
    if (this.#found) return;
    this.#found = true;
    this.stop();
    const lan = isNear(place.address) && this.#near.has(placeKey(place));
    this.#onFound({ place, path: lan ? 'lan' : 'direct' });
  }

  #candidate(place: Place): Candidate | undefined {
    const key = placeKey(place);
    let candidate = this.#candidates.get(key);
    if (!candidate && this.#candidates.size < MAX_CANDIDATES) {
      candidate = { place, heard: false, told: false };
      this.#candidates.set(key, candidate);
    }
    return candidate;
  }

  #probe(): void {
    for (const candidate of this.#candidates.values()) {
      candidate.told = candidate.heard;
      this.#send(candidate.heard ? this.#probes.heard : this.#probes.asking, candidate.place);
    }
  }
}
