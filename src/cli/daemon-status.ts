import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDateTime, formatDuration } from '../domain/time.ts';
import type { MethodResult } from '../protocol/methods.ts';
import { padText } from '../repl/table.ts';

/** The status of a running daemon, for people. */
export function statusLines(status: MethodResult<'admin.status'>, now: number): SafeText[] {
  const rows: [string, string][] = [
    ['Version', status.version],
    ['Process', String(status.pid)],
    ['Since', `${formatDateTime(status.startedAt)} (${formatDuration(now - status.startedAt)})`],
    ...status.listening.map(({ name, address, state, note }): [string, string] => [
      'Listening',
      `${address} (${name}${state === 'open' ? '' : `, ${state}`}${note === undefined ? '' : `: ${note}`})`,
    ]),
    ['Certificate', status.fingerprint === null ? 'none' : `sha256:${status.fingerprint}`],
    ['Home', status.home],
    ['Connections', `${status.connections}${status.slowReaders ? `, ${status.slowReaders} slow readers` : ''}`],
    ['Members', `${status.members} online, ${status.accounts} accounts`],
    ...daemonRows(status.daemons),
    ['Peers', peersLine(status.peers)],
    ['Instruments', String(status.instruments)],
    ['Records', String(status.seq)],
    ['Store', storeLine(status.store, now)],
    ['Memory', `${Math.round(status.memoryBytes / 1024 / 1024)} MB`],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => safeText`${padText(sanitizeText(label), width)}  ${sanitizeText(text)}`);
}

/** For daemons of the cluster that did not confirm a request. */
export function unresponsiveLine(addresses: readonly string[]): SafeText {
  return safeText`No response from ${joinSafe(addresses.map(sanitizeText), ', ')}. Repeat the command there with --server.`;
}

/** Empty for a single daemon. */
function daemonRows(daemons: MethodResult<'admin.status'>['daemons']): [string, string][] {
  if (daemons.length === 1) return [];
  return daemons.map(({ address, server, connections, members, seq, heardMs }) => [
    'Daemon',
    `${address} (${server}): ${members} members, ${connections} connections, record ${seq}; ${
      heardMs === null ? 'this one' : `last seen ${heardMs} ms ago`
    }`,
  ]);
}

function storeLine(
  { writable, reason, since, freeBytes, lowSpace }: MethodResult<'admin.status'>['store'],
  now: number,
): SafeText {
  if (!writable) return safeText`read-only for ${formatDuration(now - (since ?? now))}. ${sanitizeText(reason ?? '')}`;
  const free = freeBytes === null ? null : Math.floor(freeBytes / 1024 / 1024).toLocaleString('en-US');
  return safeText`writable${free === null ? '' : safeText`, ${sanitizeText(free)} MiB free`}${lowSpace ? ': the disk is nearly full' : ''}`;
}

function peersLine({ introductions, relays, relayedBytes }: MethodResult<'admin.status'>['peers']): SafeText {
  const megabytes = Math.round(relayedBytes / 1e6).toLocaleString('en-US');
  return safeText`${introductions} open introductions, ${relays} of them relayed; ${sanitizeText(megabytes)} MB relayed since the start`;
}
