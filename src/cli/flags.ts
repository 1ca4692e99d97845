import { Args, Flags, type Interfaces } from '@oclif/core';
import type { StartOptions } from '../daemon/start-options.ts';
import { LEGACY_PROTOCOLS } from '../dialects/listen-address.ts';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { parsePriceUnit } from '../domain/price-conversion.ts';
import { parseUnit, UNIT_NAMES, type Unit } from '../domain/unit.ts';
import { parseBytes, SIZE_FORMAT_HELP } from '../repl/byte-format.ts';

/** Unlike oclif's integer argument, reports invalid input as a usage error. */
export const integerArg = Args.custom<number, { min?: number }>({
  parse: async (input, _context, { name, min }) => {
    const value = Number(input);
    if (!/^[+-]?\d{1,15}$/.test(input) || (min !== undefined && value < min)) {
      const least = min === undefined ? '' : ` of ${min} or more`;
      throw new AppError('USAGE', `${(name ?? 'n').toUpperCase()} is "${input}". Expected an integer${least}.`);
    }
    return value;
  },
});

/** A number of bytes as a flag: `500MB`, or with `/s` a speed. */
export const sizeFlag = Flags.custom<number>({
  parse: async (input, _context, { name }) => {
    const bytes = parseBytes(input);
    if (bytes === undefined) throw new AppError('USAGE', `--${name} is "${input}". Expected ${SIZE_FORMAT_HELP}.`);
    return bytes;
  },
});

/** The currency and/or unit to convert prices to, as typed. */
export const priceUnitFlag = Flags.custom<string>({
  helpValue: 'USD/ozt',
  parse: async (text, _context, { name }) => {
    if (parsePriceUnit(text)) return text;
    throw new AppError(
      'USAGE',
      `--${name} ${text} is not a currency or unit. Examples: USD, chỉ, USD/ozt. Units: ${UNIT_NAMES}.`,
    );
  },
});

/** A price unit by name or alias. */
export const unitFlag = Flags.custom<Unit>({
  parse: async (text, _context, { name }) => {
    const unit = parseUnit(text);
    if (unit === undefined)
      throw new AppError('USAGE', `--${name} ${text} is not a unit. Expected one of ${UNIT_NAMES}.`);
    return unit;
  },
});

/** For commands that list or look up, so that scripts need not read the output. */
export const exitStatusFlag = {
  'exit-status': Flags.boolean({ description: 'exit with status 1 if nothing is found' }),
};

/** Flags that select a series of an instrument. */
export const seriesFlags = {
  provider: Flags.string({ description: 'select the series of this provider', helpValue: 'ID' }),
  company: Flags.string({ description: 'select the series of this company', helpValue: 'NAME' }),
  brand: Flags.string({ description: 'select the series of this branch or product', helpValue: 'NAME' }),
};

/** Only the flags that are given. */
export function selectedSeries({ provider, company, brand }: Interfaces.InferredFlags<typeof seriesFlags>) {
  return defined({ provider, company, brand });
}

/** Flags of `daemon start`. */
export const startFlags = {
  port: Flags.integer({ description: 'TCP port; 0 selects a free one [4000]', min: 0, max: 65_535, helpValue: 'PORT' }),
  host: Flags.string({
    description: 'address to listen on; 0.0.0.0 or :: for all interfaces [127.0.0.1]',
    helpValue: 'HOST',
  }),
  plain: Flags.boolean({ description: 'also accept unencrypted connections, on loopback addresses only' }),
  attempts: Flags.integer({
    description: 'failed passwords before an account is locked temporarily [3]',
    min: 1,
    max: 5,
    helpValue: '1-5',
  }),
  'sum-port': Flags.integer({
    description: 'also run the legacy sum listener on this port',
    min: 0,
    max: 65_535,
    helpValue: 'PORT',
  }),
  'metrics-port': Flags.integer({
    description: 'serve Prometheus metrics and a health check over HTTP on 127.0.0.1',
    min: 0,
    max: 65_535,
    helpValue: 'PORT',
  }),
  dialect: Flags.string({
    description: `also serve clients of a legacy program, unencrypted: ${LEGACY_PROTOCOLS.join(', ')}; repeatable`,
    multiple: true,
    helpValue: 'NAME:[HOST:]PORT',
  }),
  engine: Flags.string({
    description: 'keep the journal in this NATS cluster, so that several daemons can share it',
    helpValue: 'nats://HOST,HOST,HOST',
  }),
};

/** Only the options that are given as flags; config.json provides the rest. */
export function startOptions(flags: Interfaces.InferredFlags<typeof startFlags>): StartOptions {
  const { port, host, plain, attempts, 'sum-port': sumPort, 'metrics-port': metricsPort, dialect, engine } = flags;
  return defined({ port, host, plain: plain || undefined, attempts, sumPort, metricsPort, dialects: dialect, engine });
}
