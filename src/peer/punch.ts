import type { Path } from '../domain/transfer.ts';
import { encodeDatagram, isNear, type Place, type Probe } from '../protocol/datagram.ts';
import type { Introduction } from './introduction.ts';
import { isLoopback, placeKey } from './places.ts';
import type { ProbeBudget } from './probe-budget.ts';
import type { SharedNetworks } from './shared-networks.ts';

/** Pause after the first probe of a place; each one after it is twice as long. */
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 800;
/** Probes of one place that go out unasked: ten seconds of them. */
const MAX_UNASKED = 16;
/** Probes of all places together, answers included: several times what an honest other side takes. */
const MAX_PROBES = 128;
/** More places than an honest other side has: its addresses as registered, local and seen, and one for each probe that a router rewrote. */
const MAX_CANDIDATES = 16;
/** Of them, places where the daemon saw the other side: it registered one, and its router may move it. */
const MAX_SEEN = 4;

interface Candidate {
  readonly place: Place;
  /** A probe of the other side came from there. */
  heard: boolean;
  /** It was told so. */
  told: boolean;
  unasked: number;
  timer?: NodeJS.Timeout;
}

/** Where to send, and what that way is called. */
export interface Route {
  readonly place: Place;
  readonly path: Path;
}

export interface PunchOptions {
  readonly networks: SharedNetworks;
  readonly budget: ProbeBudget;
  readonly send: (bytes: Uint8Array, to: Place) => void;
  readonly onFound: (route: Route) => void;
}

/**
 * Looks for a way to the other side without the daemon: probes every place where it may be, until one of them answers
 * that it hears us. That opens the routers of both sides, whichever probes come first and get lost. "Heard" is said of
 * one place at a time, so a place that says it is good both ways. The two sides need not settle on the same pair of
 * places: a stream is known by its number, wherever its packets come from.
 *
 * The other side may mean ill, and name places of third parties as its own. So it is probed where the daemon saw it, and
 * where it says it is only in networks that this machine is in too; with growing pauses, and so many times at most.
 */
export class Punch {
  readonly #candidates = new Map<string, Candidate>();
  readonly #near = new Set<string>();
  readonly #probes: Readonly<Record<'heard' | 'asking', Uint8Array>>;
  readonly #member: string;
  readonly #options: PunchOptions;
  #running = false;
  #found = false;
  #seen = 0;
  #sent = 0;

  constructor(
    introduction: Pick<Introduction, 'id' | 'secret' | 'side' | 'member' | 'local' | 'address' | 'port'>,
    options: PunchOptions,
  ) {
    const { id, side, secret, member, local, address, port } = introduction;
    const probe = (heard: boolean) => encodeDatagram({ type: 'probe', id, side, heard }, secret);
    this.#probes = { heard: probe(true), asking: probe(false) };
    this.#member = member;
    this.#options = options;
    this.addLocal(local);
    if (address !== null && port !== null) this.addSeen({ address, port });
  }

  start(): void {
    this.#running = true;
    for (const candidate of this.#candidates.values()) this.#probe(candidate);
  }

  /** No more probes of our own; those of the other side are still answered. */
  stop(): void {
    this.#running = false;
    for (const { timer } of this.#candidates.values()) clearTimeout(timer);
  }

  /**
   * Places in the other side's own network, as it says.
   * @param sameSite the daemon sees both sides at one address
   */
  addLocal(places: readonly Place[], sameSite = false): void {
    for (const place of places) {
      if (!this.#options.networks.includes(place.address, sameSite)) continue;
      this.#near.add(placeKey(place));
      this.#candidate(place);
    }
  }

  /** A place where the daemon saw the other side. */
  addSeen(place: Place): void {
    // Seen on the daemon's own machine, it is at a loopback address there, and not here.
    if (isLoopback(place.address) && !this.#options.networks.includes(place.address)) return;
    if (this.#candidates.has(placeKey(place)) || this.#seen >= MAX_SEEN) return;
    this.#seen += 1;
    this.#candidate(place);
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
    this.#options.onFound({ place, path: lan ? 'lan' : 'direct' });
  }

  #candidate(place: Place): Candidate | undefined {
    const key = placeKey(place);
    let candidate = this.#candidates.get(key);
    if (!candidate && this.#candidates.size < MAX_CANDIDATES) {
      candidate = { place, heard: false, told: false, unasked: 0 };
      this.#candidates.set(key, candidate);
      if (this.#running) this.#probe(candidate);
    }
    return candidate;
  }

  #probe(candidate: Candidate): void {
    candidate.told = candidate.heard;
    this.#send(candidate.heard ? this.#probes.heard : this.#probes.asking, candidate.place);
    const pause = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** candidate.unasked);
    candidate.unasked += 1;
    if (candidate.unasked < MAX_UNASKED) candidate.timer = setTimeout(() => this.#probe(candidate), pause);
  }

  /** A probe that is over the limit is lost, as any may be: the relay is left. */
  #send(bytes: Uint8Array, to: Place): void {
    if (this.#sent >= MAX_PROBES || !this.#options.budget.take(this.#member)) return;
    this.#sent += 1;
    this.#options.send(bytes, to);
  }
}
