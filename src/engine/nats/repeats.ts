import type { Draft } from '../../store/draft.ts';
import { keys } from '../../store/keys.ts';

/** What came of the appends of one daemon. */
interface Sender {
  /** Of its last message. */
  seq: number;
  /** Their numbers as ranges, both ends included, in order and apart. */
  readonly came: [number, number][];
}

/** So far behind the newest number of a daemon nothing comes any more that anybody waits for: journal.ts sees to it. */
export const REACH = 4096;
/** A daemon of which so many messages say nothing is gone. */
const GONE = 1_000_000;

/**
 * Notes a message, and says whether the stream had it before. A leader that was elected a moment ago may take once more
 * what its log has already and it has not applied (nats-server before 2.11). A function of the stream alone: every
 * daemon passes over the same ones.
 * @param id `DAEMON.NUMBER`, numbers from 1; others are never repeats
 */
export function isRepeat(id: string, seq: number, draft: Draft): boolean {
  const dot = id.lastIndexOf('.');
  const number = Number(id.slice(dot + 1));
  if (dot < 1 || !Number.isSafeInteger(number) || number < 1) return false;
  const senders = new Map(draft.read<[string, Sender][]>(keys.senders) ?? []);
  const name = id.slice(0, dot);
  let sender = senders.get(name);
  if (!sender) {
    for (const [other, last] of senders) if (last.seq < seq - GONE) senders.delete(other);
    sender = { seq, came: [] };
    senders.set(name, sender);
  }
  if (!add(sender.came, number)) return true;
  sender.seq = seq;
  draft.write(keys.senders, [...senders]);
  return false;
}

/** @returns false when it is there, or lies too far back to be known */
function add(came: [number, number][], number: number): boolean {
  const newest = came.at(-1)?.[1] ?? 0;
  if (number <= newest - REACH) return false;
  let at = came.length;
  while (at > 0 && came[at - 1]![0] > number) at -= 1;
  const [before, after] = [came[at - 1], came[at]];
  if (before && number <= before[1]) return false;
  const [follows, leads] = [before?.[1] === number - 1, after?.[0] === number + 1];
  if (follows && leads) {
    before![1] = after![1];
    came.splice(at, 1);
  } else if (follows) before![1] = number;
  else if (leads) after![0] = number;
  else came.splice(at, 0, [number, number]);
  while (came[0]![1] <= came.at(-1)![1] - REACH) came.shift();
  return true;
}
