import { findNatsServer, NatsFixture } from '../../test/nats-fixture.ts';
import { answerOf } from '../child.ts';
import type { Effort } from '../figure.ts';
import { inFolder, lengths, POST_TEXT } from '../raw.ts';

export interface Writing {
  readonly perSecond: number;
  /** Milliseconds of each. */
  readonly times: readonly number[];
  /** The longest time without one that came, in milliseconds; of a daemon's engine. */
  readonly gapMs?: number;
}

/** A cluster of so many nodes on this machine while `work` lasts. */
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

/** What an engine or a bare client is told; a room of its own. */
export function room(nats: NatsFixture, writers: number, effort: Effort) {
  rooms += 1;
  const { servers, nodes } = nats;
  return { servers, prefix: `bench${rooms}`, replicas: nodes.length, writers, text: POST_TEXT, ...lengths(effort) };
}

/** Appends by a daemon's engine. */
export function joined(nats: NatsFixture, writers: number, effort: Effort, more: object = {}): Promise<Writing> {
  return inFolder((folder) => answerOf<Writing>('joining', { folder, ...room(nats, writers, effort), ...more }));
}

/** As many writers of bare JetStream. */
export function bare(nats: NatsFixture, writers: number, effort: Effort): Promise<Writing> {
  return answerOf<Writing>('publishing', room(nats, writers, effort));
}
