import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { seriesChoice, seriesFlags } from '../../src/cli/series-flags.ts';
import { shownJson } from '../../src/cli/shown-json.ts';
import { Failure } from '../../src/domain/failure.ts';
import { joinSafe, type SafeText } from '../../src/domain/safe-text.ts';
import type { Result } from '../../src/protocol/methods.ts';

const INTERVALS = ['raw', '1h', '1d', '1w', '1M'] as const;
const FORMATS = ['table', 'chart', 'csv', 'json'] as const;
const DAY = 24 * 3_600_000;
/** Where a history begins that nobody gave a beginning: enough to see something, not more than fits a screen or two. */
const REACH = { raw: 7 * DAY, '1h': 7 * DAY, '1d': 90 * DAY, '1w': 730 * DAY, '1M': Number.POSITIVE_INFINITY };

export default class RatesHistory extends GoldctlCommand {
  static override description = 'show open, high, low and close of each interval of one series of an instrument';
  static override examples = [
    '<%= config.bin %> <%= command.id %> SJC',
    '<%= config.bin %> <%= command.id %> SJC --from 2020-01-01 --interval 1w --format chart',
    '<%= config.bin %> <%= command.id %> BTC --from 12h --interval raw --provider binance --format csv',
  ];
  static override args = {
    instrument: Args.string({ description: 'its id, name or alias; may have spaces', required: true }),
  };
  static override strict = false;
  static override flags = {
    from: Flags.string({ description: 'first day or moment, or a span back from now (30d)' }),
    to: Flags.string({ description: 'last day or moment; now, where it is left out' }),
    interval: Flags.option({
      options: INTERVALS,
      default: '1d' as const,
      description: 'length of a candle; raw: one a quote. Days, weeks and months are Vietnam time',
    })(),
    ...seriesFlags,
    format: Flags.option({ options: FORMATS, default: 'table' as const, description: 'how it is printed' })(),
  };

  async run(): Promise<Result<'rates.history'>> {
    const { argv, flags } = await this.parse(RatesHistory);
    const instrument = argv.join(' ');
    const { parseWhen, WHEN } = await import('../../src/repl/when.ts');
    const now = Date.now();
    const moment = (flag: 'from' | 'to', fallback: number): number => {
      const text = flags[flag];
      if (text === undefined) return fallback;
      const at = parseWhen(text, now, flag === 'to' ? 'end' : 'start');
      if (at === undefined) throw new Failure('USAGE', `--${flag} ${text} is no moment. Expected ${WHEN}.`);
      return at;
    };
    const to = moment('to', now + 1);
    const from = moment('from', Math.max(0, to - REACH[flags.interval]));
    if (from >= to) throw new Failure('USAGE', '--from lies after --to: nothing is in between.');
    const client = await this.connect(flags);
    const { readHistory } = await import('../../src/repl/history.ts');
    const result = await readHistory(client, {
      instrument,
      from,
      to,
      interval: flags.interval,
      ...seriesChoice(flags),
    });
    if (!this.jsonEnabled()) {
      const text = await this.#print(instrument, result, flags.format);
      if (text !== '') this.log(text);
    }
    return result;
  }

  async #print(name: string, history: Result<'rates.history'>, format: (typeof FORMATS)[number]): Promise<SafeText> {
    if (format === 'json') return shownJson(history);
    if (format === 'csv') {
      const { historyCsv } = await import('../../src/repl/csv.ts');
      return joinSafe(historyCsv(history.candles), '\n');
    }
    const { historyChart, historyTable } = await import('../../src/repl/presenter.ts');
    const { paperOf } = await import('../../src/repl/paper.ts');
    const paper = paperOf(process.stdout);
    return joinSafe(format === 'chart' ? historyChart(name, history, paper) : historyTable(name, history, paper), '\n');
  }
}
