import { Args } from '@oclif/core';
import { formatPrice } from '../domain/figures.ts';
import { plain } from '../domain/fold.ts';
import { safeText } from '../domain/safe-text.ts';
import type { Result } from '../protocol/methods.ts';
import { GoldctlCommand } from './command.ts';
import { parseId } from './undo-command.ts';

export const heldArgs = {
  id: Args.string({ description: 'number of the held price; "goldctl rates held" lists them', required: true }),
};

/** What `rates held accept` and `discard` share. */
export abstract class DecideCommand extends GoldctlCommand {
  protected async decide(
    text: string,
    accept: boolean,
    flags: { server?: string | undefined; reason?: string | undefined },
  ): Promise<Result<'rates.decide'>> {
    const id = parseId(text, 'goldctl rates held');
    const client = await this.connect(flags);
    const { reason } = flags;
    const result = await client.call('rates.decide', { id, accept, ...(reason === undefined ? {} : { reason }) });
    const { instrument, provider, buy, sell, currency, unit } = result.quote;
    const price = `buy ${formatPrice(buy, currency)}, sell ${formatPrice(sell, currency)} ${plain(currency)}/${unit}`;
    this.log(
      safeText`${accept ? 'Stored' : 'Discarded'}: ${plain(instrument)} from ${plain(provider)}, ${plain(price)}.`,
    );
    if (!accept) {
      this.log(
        safeText`Prices at this level are not held again. To store it after all: goldctl rates held accept ${id}`,
      );
    }
    return result;
  }
}
