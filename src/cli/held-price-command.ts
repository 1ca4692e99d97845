import { Args } from '@oclif/core';
import { defined } from '../domain/defined.ts';
import { formatPrice } from '../domain/number-format.ts';
import { safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import type { MethodResult } from '../protocol/methods.ts';
import { GoldctlCommand } from './command.ts';
import { parseListNumber } from './undo-command.ts';

export const heldPriceArgs = {
  id: Args.string({ description: 'number of the held price (see "goldctl rates held")', required: true }),
};

/** Base of `rates held accept` and `discard`. */
export abstract class HeldPriceCommand extends GoldctlCommand {
  protected async decide(
    text: string,
    accept: boolean,
    flags: { server?: string | undefined; reason?: string | undefined },
  ): Promise<MethodResult<'rates.decide'>> {
    const id = parseListNumber(text, 'goldctl rates held');
    const client = await this.connect(flags);
    const { reason } = flags;
    const result = await client.call('rates.decide', { id, accept, ...defined({ reason }) });
    const { instrument, provider, buy, sell, currency, unit } = result.quote;
    const price = `buy ${formatPrice(buy, currency)}, sell ${formatPrice(sell, currency)} ${sanitizeText(currency)}/${unit}`;
    this.log(
      safeText`${accept ? 'Stored' : 'Discarded'}: ${sanitizeText(instrument)} from ${sanitizeText(provider)}, ${sanitizeText(price)}.`,
    );
    if (!accept) {
      this.log(
        safeText`Prices at this level will not be held again. To store it anyway: goldctl rates held accept ${id}`,
      );
    }
    return result;
  }
}
