import { findNatsServer, NatsFixture } from '../../test/nats-fixture.ts';
import { answerOf } from '../child.ts';
import type { Effort } from '../figure.ts';
import { inFolder, lengths, POST_TEXT } from '../raw.ts';

export interface Writing {
  readonly perSecond: number;
  /** Milliseconds of each append. */
  readonly times: readonly number[];
  /** The longest time without a new record, in milliseconds; only for a daemon's engine. */
  readonly gapMs?: number;
}

/** A cluster of several nodes on this machine while `work` runs. */
export async function withNodes<T>(nodes: 1 | 3, work: (nats: NatsFixture) => Promise<T>): Promise<T> {
  const found = findNatsServer();
  if ('missing' in found) throw new Error(found.missing);
  const nats = await NatsFixture.run(found.binary, { nodes });
  try {
    return await work(nats);
  } finally {
    await nats.stop();
  }
}

let rooms = 0;

/** Options of an engine or a bare client, in a new room. */
export function room(nats: NatsFixture, writers: number, effort: Effort) {
  rooms += 1;
  const { servers, nodes } = nats;
  return { servers, prefix: `bench${rooms}`, replicas: nodes.length, writers, text: POST_TEXT, ...lengths(effort) };
}

/** Appends by a daemon's engine. */
export function joined(nats: NatsFixture, writers: number, effort: Effort, more: object = {}): Promise<Writing> {
  return inFolder((folder) => answerOf<Writing>('joining', { folder, ...room(nats, writers, effort), ...more }));
}

/** Appends by as many writers to bare JetStream. */
export function bare(nats: NatsFixture, writers: number, effort: Effort): Promise<Writing> {
  return answerOf<Writing>('publishing', room(nats, writers, effort));
}
