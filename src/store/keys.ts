import type { Instant, Interval } from '../domain/instant.ts';
import type { SeriesId } from '../domain/quote.ts';

/**
 * Every key of the store, sorted as it is read: the first letters name the kind, numbers have a fixed width.
 * LevelDB shares the common start of neighbouring keys, so spelled-out keys cost little on disk.
 */
export const keys = {
  /** Format of the store; a newer one is not opened. */
  schema: 'm/schema',
  /** Seq of the last record whose writes are in the store. */
  head: 'm/head',
  /** Seq up to which the journal is known to have no hole. */
  verified: 'm/verified',
  /** Of which stream the journal here is a copy. */
  stream: 'm/stream',
  /** The version of goldctl that could not take a record, and passed over it. */
  unfit: 'm/unfit',
  /** Which appends of each daemon have come: engine/nats/repeats.ts. */
  senders: 'm/senders',
  /** Seq up to which records of rates were looked through for those that can go. */
  compacted: 'm/compacted',
  /** How many posts there ever were: the number of the newest. */
  posts: 'm/posts',
  /** How many direct messages there ever were. */
  messages: 'm/messages',
  /** Seq up to which the index of words covers the posts. */
  indexed: 'm/indexed',
  /** How many accounts there are, and how many of them are owners. */
  accounts: 'm/accounts',
  owners: 'm/owners',

  records: 'j/',
  gaps: 'n/',
  subjects: 'x/',
  record: (seq: number) => `j/${fixed(seq, 16)}`,
  /** A place of the stream that is empty, and no record has said yet that it may be. */
  gap: (seq: number) => `n/${fixed(seq, 16)}`,
  /** Seq of a subject's last record. */
  subject: (subject: string) => `x/${subject}`,

  account: (nameKey: string) => `a/${nameKey}`,
  token: (hash: string) => `t/${hash}`,
  /** Addresses that are kept out. */
  bannedRange: (range: string) => `ban/${range}`,

  instrument: (id: string) => `i/${id}`,
  latest: (series: SeriesId) => `l/${series}`,
  /** What sources call a series. */
  aliases: (series: SeriesId) => `alias/${series}`,
  /** When the provider's own history was in. */
  backfilled: (provider: string) => `b/${provider}`,
  /** The series that a provider ever had. */
  series: (provider: string) => `s/${provider}`,
  /** A brand may hold a slash; what ends a series cannot be in one. */
  quote: (series: SeriesId, at: Instant) => `q/${series}\x1f${instant(at)}`,
  /** `quote` of one series, where many are needed. */
  quotesOf: (series: SeriesId) => {
    const prefix = `q/${series}\x1f`;
    return (at: Instant) => prefix + instant(at);
  },
  candle: (series: SeriesId, interval: Interval, at: Instant) => `c/${series}\x1f${interval}/${instant(at)}`,
  /** `candle` of one series and interval, where many are needed. */
  candlesOf: (series: SeriesId, interval: Interval) => {
    const prefix = `c/${series}\x1f${interval}/`;
    return (at: Instant) => prefix + instant(at);
  },
  /** Which quotes of a series are hidden. */
  hidden: (series: SeriesId) => `z/${series}`,
  /** An import, removal or correction, by the seq of its first record. */
  rateEdit: (seq: number) => `rb/${fixed(seq, 16)}`,
  rateEdits: 'rb/',
  /** What an import brought to a series. */
  editedSeries: (seq: number) => `rs/${fixed(seq, 16)}/`,
  seriesEdit: (seq: number, series: SeriesId) => `rs/${fixed(seq, 16)}/${series}`,
  /** How many quotes were ever held: the number of the newest. */
  heldCount: 'm/held',
  held: (id: number) => `rh/${fixed(id, 12)}`,
  heldQuotes: 'rh/',

  post: (number: number) => `p/${fixed(number, 12)}`,
  /** The post whose last change is this record. */
  change: (seq: number) => `o/${fixed(seq, 16)}`,
  /** Earlier texts of a post, by the seq that brought them. */
  revisions: (number: number) => `r/${fixed(number, 12)}/`,
  revision: (number: number, seq: number) => `r/${fixed(number, 12)}/${fixed(seq, 16)}`,
  /** The post that a member's own id stands for. */
  clientPost: (nameKey: string, clientId: string) => `k/${nameKey}/${clientId}`,
  /** Answers to a post. */
  replies: (number: number) => `y/${fixed(number, 12)}/`,
  reply: (number: number, reply: number) => `y/${fixed(number, 12)}/${fixed(reply, 12)}`,
  topic: (topic: string) => `g/${topic}`,
  /** Up to which post a member has read a topic; all topics where it is empty. */
  mark: (nameKey: string, topic: string) => `u/${nameKey}/${topic}`,
  /** Which posts of a chunk have a word. */
  word: (chunk: number, word: string) => `w/${fixed(chunk, 9)}/${word}`,

  /** No name holds a slash. */
  message: (pair: string, number: number) => `d/${pair}/${fixed(number, 12)}`,
  /** Seq of a direct message. */
  messageSeq: (number: number) => `h/${fixed(number, 12)}`,
  /** What a member sent and got, in the order of the journal. */
  mail: (nameKey: string, seq: number) => `e/${nameKey}/${fixed(seq, 16)}`,
  conversation: (nameKey: string, other: string) => `f/${nameKey}/${other}`,
  /** The direct message that a member's own id stands for. */
  clientMessage: (nameKey: string, clientId: string) => `v/${nameKey}/${clientId}`,

  /** A member's listings. No name, of a member or a file, holds a slash. */
  listings: (nameKey: string) => `listing/m/${nameKey}/`,
  listing: (nameKey: string, name: string) => `listing/m/${nameKey}/${name}`,
  /** How many a member has. */
  listingCount: (nameKey: string) => `listing/c/${nameKey}`,
  /** Listings by their folded names. */
  listingNames: (folded: string) => `listing/n/${folded}/`,
  listingName: (folded: string, nameKey: string, name: string) => `listing/n/${folded}/${nameKey}/${name}`,
  /** The listing whose last change is this record. */
  listingChange: (seq: number) => `listing/o/${fixed(seq, 16)}`,
  /** Seq of the record that took a listing off. */
  unlisted: (nameKey: string, name: string) => `listing/u/${nameKey}/${name}`,
} as const;

/** Everything that begins with `prefix`: up to the prefix whose last character is the next one (`a/` to `a0`). */
export function within(prefix: string): { gte: string; lt: string } {
  const last = prefix.length - 1;
  return { gte: prefix, lt: prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1) };
}

export function seqOf(recordKey: string): number {
  return Number(recordKey.slice(2));
}

export function instantOf(key: string): Instant {
  return Number(key.slice(-17)) - EPOCH_SHIFT;
}

const EPOCH_SHIFT = 8_640_000_000_000_000; // the first instant of a Date: prices go back to 1833

function instant(at: Instant): string {
  return fixed(at + EPOCH_SHIFT, 17);
}

function fixed(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
