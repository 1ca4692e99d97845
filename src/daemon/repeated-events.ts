import { parseRange } from '../domain/address.ts';
import { formatCount } from '../domain/figures.ts';
import { sourceOf } from '../domain/source-key.ts';

/** Lines of one event from one network that are written in a window; the others are counted. */
const LINES_PER_NETWORK = 20;
/** Lines of one event, whatever the network. */
const LINES_PER_EVENT = 500;
/** Networks that get a line of their own at the end of a window; the others share one. */
const MAX_SUMMARIES = 50;
/** Networks that are told apart; what comes from others is counted with them. */
const MAX_NETWORKS = 5000;

/** What is written for lines that were left out. */
export interface Summary {
  readonly level: string;
  readonly event: string;
  /** Left out where it is of several networks. */
  readonly network?: string;
  readonly count: number;
  readonly text: string;
}

interface Repeats {
  readonly level: string;
  readonly event: string;
  readonly network: string | undefined;
  lines: number;
  omitted: number;
}

/**
 * Counts log lines that strangers cause, by event and network (/24, or the /64 of an IPv6 address): who repeats an event
 * a million times gets a few lines and a count, and the lines of others stay in the log.
 */
export class RepeatedEvents {
  #byNetwork = new Map<string, Repeats>();
  /** Lines written, by event. */
  #byEvent = new Map<string, number>();
  /** What came from networks that are not told apart any more, by event. */
  #others = new Map<string, Repeats>();

  /** Whether a line is to be written; else it is counted. */
  admit(level: string, event: string, address: string): boolean {
    const repeats = this.#repeatsOf(level, event, networkOf(address));
    const ofEvent = this.#byEvent.get(event) ?? 0;
    if (repeats.lines >= LINES_PER_NETWORK || ofEvent >= LINES_PER_EVENT) {
      repeats.omitted++;
      return false;
    }
    repeats.lines++;
    this.#byEvent.set(event, ofEvent + 1);
    return true;
  }

  /** Ends the window. @returns what was left out in it, the most first */
  takeSummaries(): Summary[] {
    const omitted = [...this.#byNetwork.values(), ...this.#others.values()].filter(({ omitted }) => omitted > 0);
    this.#byNetwork = new Map();
    this.#byEvent = new Map();
    this.#others = new Map();
    omitted.sort((a, b) => b.omitted - a.omitted);
    const rest = new Map<string, Repeats & { networks: number }>();
    for (const each of omitted.splice(MAX_SUMMARIES)) {
      const key = `${each.level} ${each.event}`;
      const sum = rest.get(key) ?? { ...each, network: undefined, omitted: 0, networks: 0 };
      sum.omitted += each.omitted;
      sum.networks++;
      rest.set(key, sum);
    }
    return [
      ...omitted.map((each) => summaryOf(each, each.network ?? 'other networks')),
      ...[...rest.values()].map((each) => summaryOf(each, `${formatCount(each.networks)} other networks`)),
    ];
  }

  #repeatsOf(level: string, event: string, network: string): Repeats {
    const key = `${level} ${event} ${network}`;
    const known = this.#byNetwork.get(key);
    if (known) return known;
    const isFull = this.#byNetwork.size >= MAX_NETWORKS;
    const [map, name] = isFull ? [this.#others, `${level} ${event}`] : [this.#byNetwork, key];
    const repeats = map.get(name) ?? { level, event, network: isFull ? undefined : network, lines: 0, omitted: 0 };
    map.set(name, repeats);
    return repeats;
  }
}

/** The /24 of an IPv4 address, the /64 of an IPv6 one. */
function networkOf(address: string): string {
  const source = sourceOf(address);
  return source.includes('/') ? source : (parseRange(`${source}/24`)?.text ?? source);
}

function summaryOf({ level, event, network, omitted }: Repeats, from: string): Summary {
  return {
    level,
    event,
    ...(network === undefined ? undefined : { network }),
    count: omitted,
    text: `${formatCount(omitted)} more of these from ${from}`,
  };
}
