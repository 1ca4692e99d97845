import { Args, Flags } from '@oclif/core';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import type { MethodResult } from '../protocol/methods.ts';
import { GoldctlCommand } from './command.ts';

export const rateEditArgs = {
  id: Args.string({
    description: 'number of the import, removal or correction (see "goldctl rates imports")',
    required: true,
  }),
};
export const reasonFlag = {
  reason: Flags.string({ description: 'reason, stored with the change', helpValue: 'TEXT' }),
};

/** Parses a number from a list. @throws AppError USAGE */
export function parseListNumber(text: string, list: string): number {
  if (/^[1-9]\d{0,15}$/.test(text)) return Number(text);
  throw new AppError('USAGE', `"${sanitizeText(text)}" is not a number from "${list}".`);
}

/** Base of `rates imports undo` and `redo`. */
export abstract class UndoCommand extends GoldctlCommand {
  protected async setUndone(
    text: string,
    undone: boolean,
    flags: { server?: string | undefined; reason?: string | undefined },
  ): Promise<MethodResult<'rates.undo'>> {
    const batch = parseListNumber(text, 'goldctl rates imports');
    const client = await this.connect(flags);
    const { reason } = flags;
    const result = await client.call('rates.undo', { batch, undone, ...defined({ reason }) });
    const { describeRateEdit } = await import('../repl/rate-edit-format.ts');
    const edit = describeRateEdit(result.import);
    this.log(
      undone
        ? safeText`Undone: ${edit}. To redo it: goldctl rates imports redo ${batch}`
        : safeText`Redone: ${edit}. To undo it: goldctl rates imports undo ${batch}`,
    );
    return result;
  }
}
