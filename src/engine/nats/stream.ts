import type { JetStreamManager, StreamInfo } from '@nats-io/jetstream';
import { AppError } from '../../domain/app-error.ts';
import { sleep } from '../../sleep.ts';
import type { NatsModules } from './nats-modules.ts';
import type { Subjects } from './subjects.ts';

/** Retries of an append come within seconds, far less than this. */
const DUPLICATE_WINDOW_MS = 120_000;
/** Nodes that were started a moment ago have to find each other. */
const OPEN_TIMEOUT_MS = 20_000;
const RETRY_DELAY_MS = 250;

const ERR_STREAM_NOT_FOUND = 10_059;
const ERR_NOT_CLUSTERED = 10_074;
const ERR_NAME_IN_USE = 10_058;

/** Opens or creates the room's journal stream. `replicas`: nodes that hold it; undefined for the maximum. */
export async function openStream(
  modules: NatsModules,
  manager: JetStreamManager,
  subjects: Subjects,
  replicas?: number,
): Promise<StreamInfo> {
  const deadline = Date.now() + OPEN_TIMEOUT_MS;
  for (;;) {
    try {
      return assertJournalStream(await findOrCreate(modules, manager, subjects, replicas), subjects);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      if (Date.now() > deadline) {
        throw new AppError(
          'NOT_AVAILABLE',
          `Cannot open the NATS stream ${subjects.stream}: ${(cause as Error).message}.`,
          { cause },
        );
      }
      await sleep(RETRY_DELAY_MS);
    }
  }
}

async function findOrCreate(
  modules: NatsModules,
  manager: JetStreamManager,
  subjects: Subjects,
  replicas?: number,
): Promise<StreamInfo> {
  try {
    return await manager.streams.info(subjects.stream);
  } catch (failure) {
    if (jetStreamErrorCode(failure) !== ERR_STREAM_NOT_FOUND) throw failure;
  }
  try {
    return await createStream(modules, manager, subjects, replicas ?? 3);
  } catch (failure) {
    if (jetStreamErrorCode(failure) === ERR_NAME_IN_USE) return manager.streams.info(subjects.stream); // another daemon was faster
    if (jetStreamErrorCode(failure) === ERR_NOT_CLUSTERED && replicas === undefined)
      return createStream(modules, manager, subjects, 1);
    throw failure;
  }
}

function createStream(
  modules: NatsModules,
  manager: JetStreamManager,
  subjects: Subjects,
  replicas: number,
): Promise<StreamInfo> {
  return manager.streams.add({
    name: subjects.stream,
    description: 'The journal of a goldctl room: one record per message.',
    subjects: [subjects.journal],
    retention: modules.RetentionPolicy.Limits,
    storage: modules.StorageType.File,
    num_replicas: replicas,
    // Records are kept for ever: a full disk rejects new ones, and nothing deletes old ones.
    discard: modules.DiscardPolicy.New,
    // Void records are deleted one by one (engine.ts).
    deny_delete: false,
    deny_purge: true,
    allow_direct: true,
    duplicate_window: modules.nanos(DUPLICATE_WINDOW_MS),
    republish: { src: subjects.journal, dest: subjects.live },
  });
}

/** @throws AppError CONFIG_INVALID when a stream with that name is not a journal */
function assertJournalStream(info: StreamInfo, subjects: Subjects): StreamInfo {
  const { subjects: own, republish, max_msgs, max_age, max_bytes } = info.config;
  const problem =
    own.join() !== subjects.journal
      ? `its subjects are ${own.join(', ')}`
      : republish?.src !== subjects.journal || republish.dest !== subjects.live
        ? 'it does not republish its messages'
        : max_msgs > 0 || max_age > 0 || max_bytes > 0
          ? 'its limits discard old records'
          : undefined;
  if (problem === undefined) return info;
  throw new AppError(
    'CONFIG_INVALID',
    `The stream ${subjects.stream} of the NATS cluster is not a goldctl journal: ${problem}. Use another engine.prefix.`,
  );
}

/** JetStream's error code; undefined for other errors. */
function jetStreamErrorCode(failure: unknown): number | undefined {
  const { apiError, code } = failure as { apiError?: unknown; code?: number };
  return typeof apiError === 'function' ? code : undefined;
}
