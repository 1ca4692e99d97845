import { Args, Flags } from '@oclif/core';
import { GoldctlCommand } from '../../src/cli/command.ts';
import { exitStatusFlag, selectedSeries, seriesFlags } from '../../src/cli/flags.ts';
import { toTerminalJson } from '../../src/cli/terminal-json.ts';
import { formatDateTime } from '../../src/domain/time.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';
import { parsePeriodFlags } from '../../src/repl/parse-time.ts';

const INTERVALS = ['raw', '1h', '1d', '1w', '1M'] as const;
const SIDES = ['buy', 'sell'] as const;
const FORMATS = ['table', 'chart', 'csv', 'json'] as const;
const DAY_MS = 24 * 3_600_000;
/** Default start of a history: enough to see something, at most a screen or two. */
const DEFAULT_LOOKBACK_MS = {
  raw: 7 * DAY_MS,
  '1h': 7 * DAY_MS,
  '1d': 90 * DAY_MS,
  '1w': 730 * DAY_MS,
  '1M': Number.POSITIVE_INFINITY,
};

export default class RatesHistory extends GoldctlCommand {
  static override description = 'show open, high, low and close prices of an instrument for each interval';
  static override examples = [
    '<%= config.bin %> <%= command.id %> SJC',
    '<%= config.bin %> <%= command.id %> SJC --from 2020-01-01 --interval 1w --format chart',
    '<%= config.bin %> <%= command.id %> BTC --from 12h --interval raw --provider binance --format csv',
  ];
  static override args = {
    instrument: Args.string({ description: 'instrument id, name or alias; may contain spaces', required: true }),
  };
  static override strict = false;
  static override flags = {
    from: Flags.string({ description: 'first date or time, or a duration ago (30d)', helpValue: 'TIME' }),
    to: Flags.string({ description: 'last date or time [now]', helpValue: 'TIME' }),
    interval: Flags.option({
      options: INTERVALS,
      default: '1d' as const,
      description: 'candle length; raw: one candle per quote. Days, weeks and months are in Vietnam time',
    })(),
    side: Flags.option({
      options: SIDES,
      description: 'only this price; default: what customers pay, else what they get',
    })(),
    ...seriesFlags,
    format: Flags.option({ options: FORMATS, default: 'table' as const, description: 'output format' })(),
    ...exitStatusFlag,
  };

  async run(): Promise<MethodResult<'rates.history'>> {
    const { argv, flags } = await this.parse(RatesHistory);
    const instrument = argv.join(' ');
    const period = parsePeriodFlags(flags);
    const to = period.to ?? Date.now() + 1;
    const { EARLIEST_MS, formatHistoryCsv, readRateHistory } = await import('../../src/repl/rate-history.ts');
    const from = period.from ?? Math.max(EARLIEST_MS, to - DEFAULT_LOOKBACK_MS[flags.interval]);
    const client = await this.connect(flags);
    const result = await readRateHistory(client, {
      instrument,
      from,
      to,
      interval: flags.interval,
      ...(flags.side === undefined ? {} : { side: flags.side }),
      ...selectedSeries(flags),
    });
    const isEmpty = result.candles.length === 0;
    if (this.jsonEnabled()) return this.withExitStatus(result, isEmpty, flags);
    if (flags.format === 'json') this.log(toTerminalJson(result));
    else if (flags.format === 'csv') this.logLines(formatHistoryCsv(result.candles));
    else {
      const { historyChart, historyTable, noHistoryLines } = await import('../../src/repl/rate-format.ts');
      const { terminalFormat } = await import('../../src/dashboard/terminal-output.ts');
      const format = await terminalFormat(process.stdout, await this.home());
      // Without a begin, a chart begins with its data.
      const window = { from: from === EARLIEST_MS ? (result.candles[0]?.at ?? from) : from, to };
      if (isEmpty) {
        const { quotes } = await client.call('rates.get', { instrument });
        const period = `from ${formatDateTime(from)} to ${formatDateTime(to)}`;
        this.logLines(noHistoryLines(instrument, format, period, quotes[0]));
      } else if (flags.format === 'chart') {
        this.logLines(historyChart(instrument, result, format, { window }));
      } else {
        this.logLines(historyTable(instrument, result, format));
      }
    }
    return this.withExitStatus(result, isEmpty, flags);
  }
}
