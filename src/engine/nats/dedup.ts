import { keys } from '../../store/keys.ts';
import type { WriteBatch } from '../../store/write-batch.ts';

/** What is known of the appends of one daemon. Stored as JSON. */
interface ProducerState {
  seq: number;
  /** Received numbers as disjoint ascending ranges, both ends included. */
  readonly came: [number, number][];
}

/** Deduplication window: pending-appends.ts never has more than this many publishes in flight. */
export const DEDUP_WINDOW = 4096;
/** A daemon without a message for this many records is forgotten. */
const PRODUCER_EXPIRY_RECORDS = 1_000_000;

/**
 * Records a message and reports whether the stream had it before. A leader elected a moment ago may accept a message
 * again that is in its log but not applied (nats-server before 2.11). A function of the stream alone, so every daemon
 * skips the same messages.
 * @param id `DAEMON.NUMBER`, numbers from 1; other ids are never duplicates
 */
export function isDuplicate(id: string, seq: number, writes: WriteBatch): boolean {
  const dot = id.lastIndexOf('.');
  const number = Number(id.slice(dot + 1));
  if (dot < 1 || !Number.isSafeInteger(number) || number < 1) return false;
  const producers = new Map(writes.read<[string, ProducerState][]>(keys.producerState) ?? []);
  const name = id.slice(0, dot);
  let producer = producers.get(name);
  if (!producer) {
    for (const [other, last] of producers) if (last.seq < seq - PRODUCER_EXPIRY_RECORDS) producers.delete(other);
    producer = { seq, came: [] };
    producers.set(name, producer);
  }
  if (!addNumber(producer.came, number)) return true;
  producer.seq = seq;
  writes.write(keys.producerState, [...producers]);
  return false;
}

/** @returns false if the number is known, or too old to tell */
function addNumber(ranges: [number, number][], number: number): boolean {
  const newest = ranges.at(-1)?.[1] ?? 0;
  if (number <= newest - DEDUP_WINDOW) return false;
  let at = ranges.length;
  while (at > 0 && ranges[at - 1]![0] > number) at -= 1;
  const [before, after] = [ranges[at - 1], ranges[at]];
  if (before && number <= before[1]) return false;
  const [follows, leads] = [before?.[1] === number - 1, after?.[0] === number + 1];
  if (follows && leads) {
    before![1] = after![1];
    ranges.splice(at, 1);
  } else if (follows) before![1] = number;
  else if (leads) after![0] = number;
  else ranges.splice(at, 0, [number, number]);
  while (ranges[0]![1] <= ranges.at(-1)![1] - DEDUP_WINDOW) ranges.shift();
  return true;
}
