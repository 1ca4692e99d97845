import { parseCidr } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { formatInteger } from '../domain/number-format.ts';
import { rateLimitKey } from '../domain/rate-limit-key.ts';

/** Lines of one event from one network that are logged per interval; the others are counted. */
const MAX_LINES_PER_NETWORK = 20;
/** Lines of one event from all networks per interval. */
const MAX_LINES_PER_EVENT = 500;
/** Networks with a summary line of their own; the others share one. */
const MAX_SUMMARIES = 50;
/** Networks that are counted separately; the others are counted together. */
const MAX_NETWORKS = 5000;

/** The summary of lines that were not logged. */
export interface RepeatSummary {
  readonly level: string;
  readonly event: string;
  /** Undefined for several networks. */
  readonly network?: string;
  readonly count: number;
  readonly text: string;
}

interface EventCount {
  readonly level: string;
  readonly event: string;
  readonly network: string | undefined;
  lines: number;
  omitted: number;
}

/** Limits log lines that strangers cause, by event and network, so that the lines of others stay in the log. */
export class RepeatedEventLimiter {
  #byNetwork = new Map<string, EventCount>();
  #byEvent = new Map<string, number>();
  /** Events of networks that are not counted separately, by event. */
  #otherNetworks = new Map<string, EventCount>();

  /** Whether to log a line; otherwise it is counted. */
  shouldLog(level: string, event: string, address: string): boolean {
    const repeats = this.#countOf(level, event, networkOf(address));
    const ofEvent = this.#byEvent.get(event) ?? 0;
    if (repeats.lines >= MAX_LINES_PER_NETWORK || ofEvent >= MAX_LINES_PER_EVENT) {
      repeats.omitted++;
      return false;
    }
    repeats.lines++;
    this.#byEvent.set(event, ofEvent + 1);
    return true;
  }

  /** Ends the interval. @returns what was not logged in it, most frequent first */
  takeSummaries(): RepeatSummary[] {
    const omitted = [...this.#byNetwork.values(), ...this.#otherNetworks.values()].filter(({ omitted }) => omitted > 0);
    this.#byNetwork = new Map();
    this.#byEvent = new Map();
    this.#otherNetworks = new Map();
    omitted.sort((a, b) => b.omitted - a.omitted);
    const rest = new Map<string, EventCount & { networks: number }>();
    for (const each of omitted.splice(MAX_SUMMARIES)) {
      const key = `${each.level} ${each.event}`;
      const sum = rest.get(key) ?? { ...each, network: undefined, omitted: 0, networks: 0 };
      sum.omitted += each.omitted;
      sum.networks++;
      rest.set(key, sum);
    }
    return [
      ...omitted.map((each) => summaryOf(each, each.network ?? 'other networks')),
      ...[...rest.values()].map((each) => summaryOf(each, `${formatInteger(each.networks)} other networks`)),
    ];
  }

  #countOf(level: string, event: string, network: string): EventCount {
    const key = `${level} ${event} ${network}`;
    const known = this.#byNetwork.get(key);
    if (known) return known;
    const isFull = this.#byNetwork.size >= MAX_NETWORKS;
    const [map, name] = isFull ? [this.#otherNetworks, `${level} ${event}`] : [this.#byNetwork, key];
    const repeats = map.get(name) ?? { level, event, network: isFull ? undefined : network, lines: 0, omitted: 0 };
    map.set(name, repeats);
    return repeats;
  }
}

/** The /24 of an IPv4 address, or the /64 of an IPv6 address. */
function networkOf(address: string): string {
  const source = rateLimitKey(address);
  return source.includes('/') ? source : (parseCidr(`${source}/24`)?.text ?? source);
}

function summaryOf({ level, event, network, omitted }: EventCount, from: string): RepeatSummary {
  return {
    level,
    event,
    ...defined({ network }),
    count: omitted,
    text: `${formatInteger(omitted)} more of these from ${from}`,
  };
}
