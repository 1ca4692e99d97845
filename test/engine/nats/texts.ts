import type { Change, JournalRecord, Projector } from '../../../src/engine/types.ts';
import type { WriteBatch } from '../../../src/store/write-batch.ts';

/** A read model that keeps the texts of records. */
export class Texts implements Projector {
  /** A kind that this version does not know. */
  unknown = '';

  async load(): Promise<void> {}

  project({ kind, text, seq }: JournalRecord, draft: WriteBatch): (Change & { text: unknown })[] {
    if (kind === this.unknown) throw new Error(`no projection for ${kind}`);
    draft.write(`test/${seq}`, text as string);
    return [{ type: 'text', text }];
  }

  applyCommitted(_: JournalRecord): void {}
}
