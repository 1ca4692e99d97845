import type { Change, JournalRecord, Projector } from '../../../src/engine/contract.ts';
import type { Draft } from '../../../src/store/draft.ts';

/** A view that keeps the texts of records. */
export class Texts implements Projector {
  /** A kind that this version does not know. */
  unknown = '';

  async load(): Promise<void> {}

  project({ kind, text, seq }: JournalRecord, draft: Draft): Change[] {
    if (kind === this.unknown) throw new Error(`no projection for ${kind}`);
    draft.write(`test/${seq}`, text as string);
    return [{ type: 'text', text }];
  }

  committed(_: JournalRecord): void {}
}
