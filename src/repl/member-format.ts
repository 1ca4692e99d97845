import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDateTime, formatDuration } from '../domain/time.ts';
import type { MethodResult } from '../protocol/methods.ts';
import type { OutputFormat } from './output-format.ts';
import { formatTable, rightAligned } from './table.ts';

export function membersTable(members: MethodResult<'members.active'>['members'], format: OutputFormat): SafeText[] {
  if (members.length === 0) return [safeText`No members are online.`];
  return formatTable(
    [
      { title: 'Name', importance: 3, minWidth: 12 },
      'Address',
      { ...rightAligned('Port'), importance: 0 },
      { title: 'Online since', importance: 1 },
      rightAligned('Idle'),
    ],
    members.map(({ name, address, peerPort, activeSince, idleMs }) => [
      { text: sanitizeText(name), style: format.style.name },
      sanitizeText(address),
      peerPort === null ? '' : safeText`${peerPort}`,
      formatDateTime(activeSince),
      idleMs < 1000 ? '' : formatDuration(idleMs),
    ]),
    format,
  );
}

export function onlineMemberLines(
  members: MethodResult<'members.active'>['members'],
  self: string | null,
  format: OutputFormat,
): SafeText[] {
  const others = members.filter((each) => each.name !== self);
  if (others.length === 0) return [safeText`No other members are online.`];
  return membersTable(others, format);
}

export function accountsTable(accounts: MethodResult<'account.list'>['accounts'], format: OutputFormat): SafeText[] {
  if (accounts.length === 0)
    return [
      safeText`There are no accounts yet. The first one created on this machine becomes the owner: goldctl account signup NAME`,
    ];
  return formatTable(
    [
      { title: 'Name', importance: 3, minWidth: 12 },
      'Role',
      'Signed in',
      'Banned',
      { title: 'Created', importance: 1 },
    ],
    accounts.map((each) => [
      sanitizeText(each.name),
      safeText`${each.role}`,
      each.signedIn ? 'yes' : '',
      each.banned ? 'yes' : '',
      formatDateTime(each.createdAt),
    ]),
    format,
  );
}

export function bansTable(bans: MethodResult<'admin.bans'>['bans'], format: OutputFormat): SafeText[] {
  if (bans.length === 0) return [safeText`There are no bans.`];
  return formatTable(
    [
      { title: 'Account or address', importance: 3 },
      { title: 'Until', importance: 3 },
      { title: 'Reason', minWidth: 16, wraps: true },
    ],
    bans.map((each) => [
      sanitizeText(each.name ?? each.address ?? ''),
      each.until === null ? 'lifted' : formatDateTime(each.until),
      sanitizeText(each.reason ?? ''),
    ]),
    format,
  );
}

export function pingLines(result: MethodResult<'peer.ping'>): SafeText[] {
  const { member, sent, received, minMs, avgMs, maxMs, timesMs } = result;
  const name = sanitizeText(member);
  const lost = sent - received;
  const share = sent > 0 ? (lost / sent) * 100 : 0;
  const state = received === 0 ? 'offline' : lost > 0 ? 'partially online' : 'online';
  return [
    safeText`Pinging ${name} with 32 bytes of data:`,
    ...timesMs.map((time) =>
      time === null ? safeText`Request timed out.` : safeText`Reply from ${name}: time=${formatMs(time)}`,
    ),
    safeText`Ping statistics for ${name}:`,
    safeText`Packets: Sent = ${sent}, Received = ${received}, Lost = ${lost} (${sanitizeText(share.toFixed(1))}% loss)`,
    ...(minMs === null || avgMs === null || maxMs === null
      ? []
      : [
          safeText`Round-trip times:`,
          safeText`Minimum = ${formatMs(minMs)}, Maximum = ${formatMs(maxMs)}, Average = ${formatMs(avgMs)}`,
        ]),
    safeText`${name} is ${state}.`,
  ];
}

function formatMs(value: number): SafeText {
  return safeText`${sanitizeText(value.toFixed(2))}ms`;
}
