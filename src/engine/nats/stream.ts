import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import { Failure } from '../../domain/failure.ts';
import type { Clients } from './clients.ts';
import type { Names } from './names.ts';

/** A retry of an append comes within seconds: its id is known for far longer. */
const DUPLICATES_MS = 120_000;
/** Nodes that were started a moment ago have to find each other. */
const PATIENCE_MS = 20_000;
const RETRY_MS = 250;

// JetStream's own numbers of errors.
const NOT_FOUND = 10_059;
const NOT_CLUSTERED = 10_074;
const IN_USE = 10_058;

/** The stream that is the room's journal; made where there is none. `replicas`: how many hold it, undefined for the most that go. */
export async function openStream(
  clients: Clients,
  manager: JetStreamManager,
  names: Names,
  replicas?: number,
): Promise<StreamInfo> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return checked(await found(clients, manager, names, replicas), names);
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      if (Date.now() > deadline) {
        throw new Failure(
          'NOT_AVAILABLE',
          `The NATS cluster does not give the stream ${names.stream}: ${(cause as Error).message}.`,
          { cause },
        );
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function found(
  clients: Clients,
  manager: JetStreamManager,
  names: Names,
  replicas?: number,
): Promise<StreamInfo> {
  try {
    return await manager.streams.info(names.stream);
  } catch (failure) {
    if (codeOf(failure) !== NOT_FOUND) throw failure;
  }
  try {
    return await make(clients, manager, names, replicas ?? 3);
  } catch (failure) {
    if (codeOf(failure) === IN_USE) return manager.streams.info(names.stream); // another daemon was faster
    if (codeOf(failure) === NOT_CLUSTERED && replicas === undefined) return make(clients, manager, names, 1);
    throw failure;
  }
}

function make(clients: Clients, manager: JetStreamManager, names: Names, replicas: number): Promise<StreamInfo> {
  return manager.streams.add({
    name: names.stream,
    description: 'The journal of a room of goldctl: one record a message.',
    subjects: [names.journal],
    retention: clients.RetentionPolicy.Limits,
    storage: clients.StorageType.File,
    num_replicas: replicas,
    // Records are for ever: a full disk refuses new ones, and nothing takes old ones.
    discard: clients.DiscardPolicy.New,
    // Records that are void are erased one by one (engine.ts).
    deny_delete: false,
    deny_purge: true,
    allow_direct: true,
    duplicate_window: clients.nanos(DUPLICATES_MS),
    republish: { src: names.journal, dest: names.live },
  });
}

/** @throws Failure CONFIG_INVALID for a stream of that name that is no journal */
function checked(info: StreamInfo, names: Names): StreamInfo {
  const { subjects, republish, max_msgs, max_age, max_bytes } = info.config;
  const wrong =
    subjects.join() !== names.journal
      ? `its subjects are ${subjects.join(', ')}`
      : republish?.src !== names.journal || republish.dest !== names.live
        ? 'it does not republish its messages'
        : max_msgs > 0 || max_age > 0 || max_bytes > 0
          ? 'it has limits that take old records'
          : undefined;
  if (wrong === undefined) return info;
  throw new Failure(
    'CONFIG_INVALID',
    `The stream ${names.stream} of the NATS cluster is no journal of goldctl: ${wrong}. Take another engine.prefix.`,
  );
}

/** JetStream's own number of an error; undefined for others. */
function codeOf(failure: unknown): number | undefined {
  const { apiError, code } = failure as { apiError?: unknown; code?: number };
  return typeof apiError === 'function' ? code : undefined;
}
