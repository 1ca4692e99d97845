import { Flags } from '@oclif/core';
import type { StartOptions } from '../daemon/start-options.ts';
import { DIALECTS } from '../dialects/place.ts';
import { plain } from '../domain/fold.ts';
import { formatMinute, formatSpan } from '../domain/instant.ts';
import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import type { Result } from '../protocol/methods.ts';
import { pad } from '../repl/table.ts';

/** How a daemon is started, as flags of `daemon start`. */
export const startFlags = {
  port: Flags.integer({ description: 'TCP port; 0 takes a free one [4000]', min: 0, max: 65_535, helpValue: 'PORT' }),
  host: Flags.string({ description: 'address to listen on; 0.0.0.0 or :: for all [127.0.0.1]', helpValue: 'HOST' }),
  plain: Flags.boolean({ description: 'take clear text as well, on loopback addresses only' }),
  attempts: Flags.integer({
    description: 'wrong passwords before an account is locked for a while [3]',
    min: 1,
    max: 5,
    helpValue: '1-5',
  }),
  'sum-port': Flags.integer({
    description: 'also run the old sum listener on this port',
    min: 0,
    max: 65_535,
    helpValue: 'PORT',
  }),
  'metrics-port': Flags.integer({
    description: 'figures for Prometheus and a health check, over HTTP on 127.0.0.1',
    min: 0,
    max: 65_535,
    helpValue: 'PORT',
  }),
  dialect: Flags.string({
    description: `also serve the clients of an old program, in clear text: ${DIALECTS.join(', ')}; may be given again`,
    multiple: true,
    helpValue: 'NAME:[HOST:]PORT',
  }),
  engine: Flags.string({
    description: 'keep the journal in this NATS cluster, for several daemons to serve one room',
    helpValue: 'nats://HOST,HOST,HOST',
  }),
};

interface Given {
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly plain?: boolean | undefined;
  readonly attempts?: number | undefined;
  readonly 'sum-port'?: number | undefined;
  readonly 'metrics-port'?: number | undefined;
  readonly dialect?: string[] | undefined;
  readonly engine?: string | undefined;
}

/** The start options that flags name, and no others: the rest is as config.json says. */
export function startOptions(flags: Given): StartOptions {
  const { port, host, plain, attempts, 'sum-port': sumPort, 'metrics-port': metricsPort, engine } = flags;
  const { dialect: dialects } = flags;
  return {
    ...(port === undefined ? {} : { port }),
    ...(host === undefined ? {} : { host }),
    ...(plain ? { plain } : {}),
    ...(attempts === undefined ? {} : { attempts }),
    ...(sumPort === undefined ? {} : { sumPort }),
    ...(metricsPort === undefined ? {} : { metricsPort }),
    ...(dialects === undefined ? {} : { dialects }),
    ...(engine === undefined ? {} : { engine }),
  };
}

/** What people want to know of a daemon that runs. */
export function statusLines(status: Result<'admin.status'>, now: number): SafeText[] {
  const rows: [string, string][] = [
    ['Version', status.version],
    ['Process', String(status.pid)],
    ['Since', `${formatMinute(status.startedAt)} (${formatSpan(now - status.startedAt)})`],
    ...status.listening.map(({ name, address, state, note }): [string, string] => [
      'Listening',
      `${address} (${name}${state === 'open' ? '' : `, ${state}`}${note === undefined ? '' : `: ${note}`})`,
    ]),
    ['Certificate', status.fingerprint === null ? 'none' : `sha256:${status.fingerprint}`],
    ['Home', status.home],
    ['Connections', `${status.connections}${status.slowReaders ? `, ${status.slowReaders} of them do not read` : ''}`],
    ['Members', `${status.members} here, ${status.accounts} accounts`],
    ...daemonRows(status.daemons),
    ['Peers', peersLine(status.peers)],
    ['Instruments', String(status.instruments)],
    ['Records', String(status.seq)],
    ['Store', storeLine(status.store, now)],
    ['Memory', `${Math.round(status.memoryBytes / 1024 / 1024)} MB`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => safeText`${pad(plain(label), width)}  ${plain(text)}`);
}

/** Daemons of the room that did not say whether they did what was asked. */
export function silentLine(addresses: readonly string[]): SafeText {
  return safeText`No answer of ${joinSafe(addresses.map(plain), ', ')}: ask there as well, by --server.`;
}

/** Nothing where one daemon serves the room alone. */
function daemonRows(daemons: Result<'admin.status'>['daemons']): [string, string][] {
  if (daemons.length === 1) return [];
  return daemons.map(({ address, server, connections, members, seq, heardMs }) => [
    'Daemon',
    `${address} (${server}): ${members} members, ${connections} connections, record ${seq}; ${
      heardMs === null ? 'this one' : `heard ${heardMs} ms ago`
    }`,
  ]);
}

function storeLine(
  { writable, reason, since, freeBytes, lowSpace }: Result<'admin.status'>['store'],
  now: number,
): SafeText {
  if (!writable) return safeText`refuses to write for ${formatSpan(now - (since ?? now))}. ${plain(reason ?? '')}`;
  const free = freeBytes === null ? null : Math.floor(freeBytes / 1024 / 1024).toLocaleString('en-US');
  return safeText`writes${free === null ? '' : safeText`, ${plain(free)} MiB free`}${lowSpace ? ': the disk is nearly full' : ''}`;
}

function peersLine({ introductions, relays, relayedBytes }: Result<'admin.status'>['peers']): SafeText {
  const megabytes = Math.round(relayedBytes / 1e6).toLocaleString('en-US');
  return safeText`${introductions} introductions open, ${relays} of them relayed; ${plain(megabytes)} MB relayed since the start`;
}
