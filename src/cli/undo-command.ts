import { Args, Flags } from '@oclif/core';
import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { safeText } from '../domain/safe-text.ts';
import type { Result } from '../protocol/methods.ts';
import { GoldctlCommand } from './command.ts';

export const editArgs = {
  id: Args.string({
    description: 'number of the import, removal or correction; "goldctl rates imports" lists them',
    required: true,
  }),
};
export const reasonFlag = { reason: Flags.string({ description: 'why; kept with the change', helpValue: 'TEXT' }) };

/** A number that a list shows. @throws Failure USAGE */
export function parseId(text: string, list: string): number {
  if (/^[1-9]\d{0,15}$/.test(text)) return Number(text);
  throw new Failure('USAGE', `"${plain(text)}" is not a number from "${list}".`);
}

/** What `rates imports undo` and `redo` share. */
export abstract class UndoCommand extends GoldctlCommand {
  protected async setUndone(
    text: string,
    undone: boolean,
    flags: { server?: string | undefined; reason?: string | undefined },
  ): Promise<Result<'rates.undo'>> {
    const batch = parseId(text, 'goldctl rates imports');
    const client = await this.connect(flags);
    const { reason } = flags;
    const result = await client.call('rates.undo', { batch, undone, ...(reason === undefined ? {} : { reason }) });
    const { describeEdit } = await import('../repl/rate-edits.ts');
    const edit = describeEdit(result.import);
    this.log(
      undone
        ? safeText`Undone: ${edit}. To make it count again: goldctl rates imports redo ${batch}`
        : safeText`Counts again: ${edit}. To undo it: goldctl rates imports undo ${batch}`,
    );
    return result;
  }
}
