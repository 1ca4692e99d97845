import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { seriesChoice, seriesFlags } from '../../src/cli/series-flags.ts';
import { reasonFlag } from '../../src/cli/undo-command.ts';
import { Failure } from '../../src/domain/failure.ts';
import { plain } from '../../src/domain/fold.ts';
import { safeText } from '../../src/domain/safe-text.ts';
import type { Params, Result } from '../../src/protocol/methods.ts';

export default class RatesRemove extends GoldctlCommand {
  static override description = `remove stored prices of an instrument (owner)

Removed prices count no longer, as if they had never been stored. "goldctl rates imports undo" brings them back.`;
  static override examples = [
    '<%= config.bin %> <%= command.id %> SJC --provider import --from 2024-01-01 --to 2024-01-31',
    '<%= config.bin %> <%= command.id %> SJC --provider vang-today --dry-run',
  ];
  static override args = {
    instrument: Args.string({ description: 'its id, name or alias; may have spaces', required: true }),
  };
  static override strict = false;
  static override flags = {
    ...seriesFlags,
    from: Flags.string({ description: 'first day or time; the first that is stored, where it is left out' }),
    to: Flags.string({ description: 'last day or time; now, where it is left out' }),
    ...reasonFlag,
    'dry-run': Flags.boolean({ description: 'count the prices, and remove none' }),
    yes: Flags.boolean({ char: 'y', description: 'do not ask' }),
  };

  async run(): Promise<Result<'rates.remove'>> {
    const { argv, flags } = await this.parse(RatesRemove);
    const instrument = argv.join(' ');
    const { parseWhen, WHEN } = await import('../../src/repl/when.ts');
    const time = (flag: 'from' | 'to'): number | undefined => {
      const text = flags[flag];
      if (text === undefined) return undefined;
      const at = parseWhen(text, Date.now(), flag === 'to' ? 'end' : 'start');
      if (at === undefined) throw new Failure('USAGE', `--${flag} "${plain(text)}" is not a valid time. Use ${WHEN}.`);
      return at;
    };
    const [from, to] = [time('from'), time('to')];
    if (from !== undefined && to !== undefined && from >= to) {
      throw new Failure('USAGE', '--from lies after --to: there is nothing in between.');
    }
    const params: Params<'rates.remove'> = {
      instrument,
      ...seriesChoice(flags),
      ...(from === undefined ? undefined : { from }),
      ...(to === undefined ? undefined : { to }),
      ...(flags.reason === undefined ? undefined : { reason: flags.reason }),
    };
    const client = await this.connect(flags);
    const preview = await client.call('rates.remove', { ...params, dryRun: true });
    const what = `${preview.quotes} quotes of ${preview.series.map(plain).join('; ')}`;
    if (flags['dry-run']) {
      this.log(safeText`Would remove ${plain(what)}. Nothing was removed.`);
      return preview;
    }
    const isAsked = !flags.yes && !this.jsonEnabled() && process.stdin.isTTY === true;
    if (isAsked) {
      const { askYes } = await import('../../src/cli/question.ts');
      if (!(await askYes(safeText`Remove ${plain(what)}? [y/N] `)))
        throw new Failure('INVALID_REQUEST', 'Nothing was removed.');
    }
    const result = await client.call('rates.remove', params);
    this.log(safeText`Removed ${plain(what)}. To bring them back: goldctl rates imports undo ${result.batch ?? ''}`);
    return result;
  }
}
