import { seriesId } from '../../src/domain/quote.ts';
import type { JournalRecords, RecordKind } from '../../src/projections/journal-records.ts';

export const AT = 1_765_349_400_000;
export const password = { hash: `${'A'.repeat(43)}=`, salt: 'AAAAAAAAAAAAAAAAAAAAAA==', N: 32_768, r: 8, p: 1 };
const fields = {
  instrument: 'SJC',
  market: 'gold' as const,
  provider: 'sjc',
  company: 'SJC',
  brand: 'Hồ Chí Minh',
  currency: 'VND',
  unit: 'tael' as const,
};
const series = seriesId(fields);
export const quote = {
  ...fields,
  buy: 152_000_000,
  sell: null,
  at: AT,
  checkedAt: AT,
  id: '1',
  statedAt: AT,
  batch: 3,
};
const by = { by: 'leia', reason: 'a mistake' };

/** An example of every kind with every field. */
export const EXAMPLES: { readonly [K in RecordKind]: Required<JournalRecords[K]> } = {
  'rates.received': {
    provider: 'sjc',
    quotes: [quote],
    missing: [series],
    confirmed: [[series, null, AT]],
    released: [2],
    aliases: [[series, ['vàng miếng']]],
  },
  'rates.imported': {
    ...fields,
    rows: [
      [AT, 1.5, null],
      [AT, null, 2, null, 'x', [1, 2, 0.5]],
    ],
    aliases: ['vàng'],
    batch: 1,
    replaces: [0, AT],
  },
  'rates.importStarted': { file: 'giá.csv', by: 'leia' },
  'rates.removed': { instrument: 'SJC', series: [series], from: 0, to: AT, ...by, latest: [[series, null]] },
  'rates.corrected': { ...fields, quoteAt: AT, buy: 1, sell: null, ...by },
  'rates.undone': { batch: 4, undone: true, ...by, latest: [[series, quote]] },
  'rates.held': {
    provider: 'sjc',
    quotes: [{ quote, reason: 'far', factor: 10, comparisons: [{ label: 'row before it', buy: 1, sell: null }] }],
  },
  'rates.decided': { id: 1, accepted: true, ...by },
  'rates.backfilled': { provider: 'sjc' },
  'rates.compacted': { through: 9, voids: [1, 2] },
  'account.created': { name: 'Hán', role: 'owner', password, passwordFrom: 'member' },
  'account.password': { name: 'Hán', password, keep: 'a'.repeat(64), passwordFrom: 'import' },
  'account.rehashed': { name: 'Hán', password, firstSignIn: true },
  'account.role': { name: 'Hán', role: 'moderator' },
  'account.banned': { name: 'Hán', banned: true, ...by, until: AT },
  'address.banned': { range: '192.0.2.0/24', banned: true, ...by, until: AT },
  'session.opened': { name: 'Hán', token: 'a'.repeat(64), expires: AT },
  'session.closed': { name: 'Hán', token: 'a'.repeat(64) },
  'forum.posted': { member: 'Hán', text: 'giá', topic: 'lobby', replyTo: null, clientId: 'c1' },
  'forum.edited': { number: 1, text: 'giá', by: 'Hán' },
  'forum.deleted': { number: 1, by: 'Hán' },
  'forum.marked': { member: 'Hán', topic: null, number: 0 },
  'message.sent': { from: 'Hán', to: 'leia', text: 'I know', clientId: 'c1' },
  'message.marked': { member: 'Hán', with: 'leia', number: 1 },
  'files.published': {
    member: 'Hán',
    name: 'map.txt',
    size: 5,
    hash: 'a'.repeat(64),
    modified: 1,
    description: '',
    key: 'b'.repeat(64),
    unencrypted: true,
  },
  'files.unpublished': { member: 'Hán', name: 'map.txt' },
  lost: { posts: 1, messages: 0 },
  void: {},
};
