import type { SeriesId } from '../domain/quote.ts';
import type { CandleInterval, EpochMs } from '../domain/time.ts';

/**
 * All keys of the store. They sort in reading order: a prefix for the kind, then numbers of fixed width. LevelDB
 * compresses common prefixes of neighbouring keys, so long keys cost little on disk.
 */
export const keys = {
  /** A store with a newer schema is not opened. */
  schemaVersion: 'm/schema',
  /** The last record whose writes are in the store. */
  headSeq: 'm/head',
  /** The journal has no gap up to here. */
  verifiedSeq: 'm/verified',
  /** The stream that the local journal is a copy of. */
  stream: 'm/stream',
  /** The version of goldctl that could not process a record and skipped it. */
  skippedByVersion: 'm/unfit',
  /** The appends received from each daemon: engine/nats/dedup.ts. */
  producerState: 'm/senders',
  /** Records of rates are compacted up to here. */
  compactedSeq: 'm/compacted',
  /** The number of the newest post. */
  posts: 'm/posts',
  /** The number of the newest direct message. */
  messages: 'm/messages',
  /** Posts are in the search index up to here. */
  indexedSeq: 'm/indexed',
  /** Number of accounts, and of owners among them. */
  accounts: 'm/accounts',
  owners: 'm/owners',

  records: 'j/',
  gaps: 'n/',
  subjects: 'x/',
  record: (seq: number) => `j/${padNumber(seq, 16)}`,
  /** A sequence number missing from the stream that no record has declared a tombstone yet. */
  gap: (seq: number) => `n/${padNumber(seq, 16)}`,
  /** Sequence number of a subject's last record. */
  subject: (subject: string) => `x/${subject}`,

  account: (nameKey: string) => `a/${nameKey}`,
  token: (hash: string) => `t/${hash}`,
  /** Banned addresses. */
  bannedRange: (range: string) => `ban/${range}`,

  instrument: (id: string) => `i/${id}`,
  latest: (series: SeriesId) => `l/${series}`,
  /** The sources' names of a series. */
  aliases: (series: SeriesId) => `alias/${series}`,
  /** When the backfill of a provider finished. */
  backfilled: (provider: string) => `b/${provider}`,
  /** All series that a provider has ever had. */
  series: (provider: string) => `s/${provider}`,
  /** Ends the series with a separator, because a brand can contain a slash. */
  quote: (series: SeriesId, at: EpochMs) => `q/${series}\x1f${encodeEpochMs(at)}`,
  /** Faster than `quote` for many keys of a series. */
  quotesOf: (series: SeriesId) => {
    const prefix = `q/${series}\x1f`;
    return (at: EpochMs) => prefix + encodeEpochMs(at);
  },
  candle: (series: SeriesId, interval: CandleInterval, at: EpochMs) =>
    `c/${series}\x1f${interval}/${encodeEpochMs(at)}`,
  /** Faster than `candle` for many keys of a series and interval. */
  candlesOf: (series: SeriesId, interval: CandleInterval) => {
    const prefix = `c/${series}\x1f${interval}/`;
    return (at: EpochMs) => prefix + encodeEpochMs(at);
  },
  /** Hidden quotes of a series. */
  hidden: (series: SeriesId) => `z/${series}`,
  /** An import, removal or correction, by the sequence number of its first record. */
  rateEdit: (seq: number) => `rb/${padNumber(seq, 16)}`,
  rateEdits: 'rb/',
  /** Changes of an import to a series. */
  editedSeries: (seq: number) => `rs/${padNumber(seq, 16)}/`,
  seriesEdit: (seq: number, series: SeriesId) => `rs/${padNumber(seq, 16)}/${series}`,
  /** The number of the newest held quote. */
  heldCount: 'm/held',
  held: (id: number) => `rh/${padNumber(id, 12)}`,
  heldQuotes: 'rh/',

  post: (number: number) => `p/${padNumber(number, 12)}`,
  /** The post that was last changed by this record. */
  change: (seq: number) => `o/${padNumber(seq, 16)}`,
  /** Earlier texts of a post, by the sequence numbers of their records. */
  revisions: (number: number) => `r/${padNumber(number, 12)}/`,
  revision: (number: number, seq: number) => `r/${padNumber(number, 12)}/${padNumber(seq, 16)}`,
  /** The post with a client's own id, for deduplication. */
  clientPost: (nameKey: string, clientId: string) => `k/${nameKey}/${clientId}`,
  /** Replies to a post. */
  replies: (number: number) => `y/${padNumber(number, 12)}/`,
  reply: (number: number, reply: number) => `y/${padNumber(number, 12)}/${padNumber(reply, 12)}`,
  topic: (topic: string) => `g/${topic}`,
  /** The last post of a topic that a member has read; of all topics if `topic` is empty. */
  mark: (nameKey: string, topic: string) => `u/${nameKey}/${topic}`,
  /** The posts of a chunk that contain a word. */
  word: (chunk: number, word: string) => `w/${padNumber(chunk, 9)}/${word}`,

  /** Names cannot contain a slash. */
  message: (pair: string, number: number) => `d/${pair}/${padNumber(number, 12)}`,
  /** Sequence number of a direct message. */
  messageSeq: (number: number) => `h/${padNumber(number, 12)}`,
  /** Messages that a member sent and received, in journal order. */
  mail: (nameKey: string, seq: number) => `e/${nameKey}/${padNumber(seq, 16)}`,
  conversation: (nameKey: string, other: string) => `f/${nameKey}/${other}`,
  /** The direct message with a client's own id, for deduplication. */
  clientMessage: (nameKey: string, clientId: string) => `v/${nameKey}/${clientId}`,

  /** Published files of a member. Names of members and files cannot contain a slash. */
  listings: (nameKey: string) => `listing/m/${nameKey}/`,
  listing: (nameKey: string, name: string) => `listing/m/${nameKey}/${name}`,
  /** Number of published files of a member. */
  listingCount: (nameKey: string) => `listing/c/${nameKey}`,
  /** Published files by folded name. */
  listingNames: (folded: string) => `listing/n/${folded}/`,
  listingName: (folded: string, nameKey: string, name: string) => `listing/n/${folded}/${nameKey}/${name}`,
  /** The published file that was last changed by this record. */
  listingChange: (seq: number) => `listing/o/${padNumber(seq, 16)}`,
  /** Sequence number of the record that unpublished a file. */
  unlisted: (nameKey: string, name: string) => `listing/u/${nameKey}/${name}`,
} as const;

/** All keys that begin with `prefix`; ends at the prefix with its last character incremented (`a/` to `a0`). */
export function prefixRange(prefix: string): { gte: string; lt: string } {
  const last = prefix.length - 1;
  return { gte: prefix, lt: prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1) };
}

export function seqOfRecordKey(recordKey: string): number {
  return Number(recordKey.slice(2));
}

export function epochMsOfKey(key: string): EpochMs {
  return Number(key.slice(-17)) - EPOCH_SHIFT_MS;
}

const EPOCH_SHIFT_MS = 8_640_000_000_000_000; // the negated minimum of a Date, because prices go back to 1833

function encodeEpochMs(at: EpochMs): string {
  return padNumber(at + EPOCH_SHIFT_MS, 17);
}

function padNumber(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
