import { isLoopback } from '../domain/address.ts';
import type { ConnectionPath } from '../domain/transfer.ts';
import { type Endpoint, encodeDatagram, isPrivateAddress, type ProbeDatagram } from '../protocol/datagram.ts';
import type { ConnectionOffer } from './connection-offer.ts';
import { endpointKey } from './local-addresses.ts';
import type { ProbeBudget } from './probe-budget.ts';
import type { SharedNetworks } from './shared-networks.ts';

/** Delay after the first probe of a candidate; it doubles after each further probe. */
const FIRST_PROBE_DELAY_MS = 50;
const MAX_PROBE_DELAY_MS = 800;
/** Without a response; they take ten seconds. */
const MAX_PROBES_PER_CANDIDATE = 16;
/** Including answers; several times what an honest peer needs. */
const MAX_TOTAL_PROBES = 128;
/** More than an honest peer has: registered, local and observed endpoints, and one per probe that a router rewrote. */
const MAX_CANDIDATES = 16;
/** Endpoints observed by the daemon: a peer registers one, and its router may change it. */
const MAX_OBSERVED_CANDIDATES = 4;

interface Candidate {
  readonly endpoint: Endpoint;
  /** Received a probe from this endpoint. */
  hasHeard: boolean;
  /** Sent a probe that says so. */
  hasAcknowledged: boolean;
  probeCount: number;
  timer?: NodeJS.Timeout;
}

/** Where to send, and over which kind of path. */
export interface SendTarget {
  readonly endpoint: Endpoint;
  readonly path: ConnectionPath;
}

export interface HolePuncherOptions {
  readonly networks: SharedNetworks;
  readonly probeBudget: ProbeBudget;
  readonly send: (bytes: Uint8Array, to: Endpoint) => void;
  readonly onFound: (route: SendTarget) => void;
}

/**
 * Finds a direct path: probes every candidate endpoint of the other side until one answers that it receives our probes.
 * The probes also open the NAT mappings of both sides, even if the first ones are lost. "heard" is reported per
 * endpoint, so an endpoint that reports it works in both directions. The two sides need not agree on one pair of
 * endpoints: a stream is identified by its id, wherever its packets come from.
 *
 * A malicious peer could name endpoints of third parties as its own. Therefore its local endpoints are probed only if
 * they are in a network of this machine, and all probes are limited in number and sent with increasing delays.
 */
export class HolePuncher {
  readonly #candidates = new Map<string, Candidate>();
  readonly #localKeys = new Set<string>();
  readonly #probes: Readonly<Record<'heard' | 'asking', Uint8Array>>;
  readonly #member: string;
  readonly #options: HolePuncherOptions;
  #isRunning = false;
  #isFound = false;
  #observedCount = 0;
  #sentProbes = 0;

  constructor(
    offer: Pick<ConnectionOffer, 'id' | 'secret' | 'side' | 'member' | 'local' | 'address' | 'port'>,
    options: HolePuncherOptions,
  ) {
    const { id, side, secret, member, local, address, port } = offer;
    const probe = (heard: boolean) => encodeDatagram({ type: 'probe', id, side, heard }, secret);
    this.#probes = { heard: probe(true), asking: probe(false) };
    this.#member = member;
    this.#options = options;
    this.addLocalCandidates(local);
    if (address !== null && port !== null) this.addObserved({ address, port });
  }

  start(): void {
    this.#isRunning = true;
    for (const candidate of this.#candidates.values()) this.#probeCandidate(candidate);
  }

  /** Stops sending probes; probes of the other side are still answered. */
  stop(): void {
    this.#isRunning = false;
    for (const { timer } of this.#candidates.values()) clearTimeout(timer);
  }

  /**
   * Adds endpoints that the other side claims to have in its own networks.
   * @param sameSite the daemon observes both sides at one address
   */
  addLocalCandidates(endpoints: readonly Endpoint[], sameSite = false): void {
    for (const endpoint of endpoints) {
      if (!this.#options.networks.includes(endpoint.address, sameSite)) continue;
      this.#localKeys.add(endpointKey(endpoint));
      this.#addCandidate(endpoint);
    }
  }

  /** Adds an endpoint at which the daemon has observed the other side. */
  addObserved(endpoint: Endpoint): void {
    // A loopback address is on the daemon's machine, not on this one.
    if (isLoopback(endpoint.address) && !this.#options.networks.includes(endpoint.address)) return;
    if (this.#candidates.has(endpointKey(endpoint)) || this.#observedCount >= MAX_OBSERVED_CANDIDATES) return;
    this.#observedCount += 1;
    this.#addCandidate(endpoint);
  }

  onProbe(probe: ProbeDatagram, from: Endpoint): void {
    const candidate = this.#addCandidate(from);
    if (!candidate) return;
    candidate.hasHeard = true;
    if (!probe.heard || !candidate.hasAcknowledged) {
      candidate.hasAcknowledged = true;
      this.#send(this.#probes.heard, from);
    }
    if (probe.heard) this.confirm(from);
  }

  /** Whether an authentic probe has come from this endpoint. */
  hasHeardFrom(from: Endpoint): boolean {
    return this.#candidates.get(endpointKey(from))?.hasHeard === true;
  }

  /** The endpoint works in both directions. */
  confirm(endpoint: Endpoint): void {
    if (this.#isFound) return;
    this.#isFound = true;
    this.stop();
    const isLan = isPrivateAddress(endpoint.address) && this.#localKeys.has(endpointKey(endpoint));
    this.#options.onFound({ endpoint, path: isLan ? 'lan' : 'direct' });
  }

  #addCandidate(endpoint: Endpoint): Candidate | undefined {
    const key = endpointKey(endpoint);
    let candidate = this.#candidates.get(key);
    if (!candidate && this.#candidates.size < MAX_CANDIDATES) {
      candidate = { endpoint, hasHeard: false, hasAcknowledged: false, probeCount: 0 };
      this.#candidates.set(key, candidate);
      if (this.#isRunning) this.#probeCandidate(candidate);
    }
    return candidate;
  }

  #probeCandidate(candidate: Candidate): void {
    candidate.hasAcknowledged = candidate.hasHeard;
    this.#send(candidate.hasHeard ? this.#probes.heard : this.#probes.asking, candidate.endpoint);
    const delayMs = Math.min(MAX_PROBE_DELAY_MS, FIRST_PROBE_DELAY_MS * 2 ** candidate.probeCount);
    candidate.probeCount += 1;
    if (candidate.probeCount < MAX_PROBES_PER_CANDIDATE)
      candidate.timer = setTimeout(() => this.#probeCandidate(candidate), delayMs);
  }

  /** A probe over the limit counts as lost; the relay remains as a fallback. */
  #send(bytes: Uint8Array, to: Endpoint): void {
    if (this.#sentProbes >= MAX_TOTAL_PROBES || !this.#options.probeBudget.tryTake(this.#member)) return;
    this.#sentProbes += 1;
    this.#options.send(bytes, to);
  }
}
