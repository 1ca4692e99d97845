import type { EventName, EventParams } from '../../src/protocol/events.ts';
import type { MethodName, MethodParams, MethodResult } from '../../src/protocol/methods.ts';

/** One call of each method, as shown in docs/protocol.md. docs.test.ts checks params and results by the schemas. */
export type Examples = {
  readonly [M in MethodName]: { readonly params: MethodParams<M>; readonly result: MethodResult<M> };
};

const AT = 1_765_349_400_000; // 10 December 2025, 13:50 in Vietnam
const HOUR = 3_600_000;

const sjc = {
  instrument: 'SJC',
  market: 'gold' as const,
  provider: 'sjc',
  company: 'SJC',
  brand: 'Hồ Chí Minh',
  buy: 152_000_000,
  sell: 154_000_000,
  currency: 'VND',
  unit: 'tael' as const,
  at: AT - 4 * HOUR,
  checkedAt: AT - HOUR / 4,
  id: 'MIZEVNPC',
  stale: false,
};

const usd = {
  ...sjc,
  instrument: 'USD',
  market: 'fx' as const,
  provider: 'vietcombank',
  company: 'Vietcombank',
  brand: '',
  buy: 26_130,
  sell: 26_390,
  unit: 'each' as const,
};

const sjcInDollars = {
  buy: 4777.292887305797,
  sell: 4888.312720704171,
  currency: 'USD',
  unit: 'ozt' as const,
  stale: false,
  legs: [sjc, usd],
};

const post = {
  number: 17,
  member: 'yoda',
  text: 'SJC is up again',
  topic: 'lobby',
  replyTo: null,
  mentions: [],
  at: AT,
  editedAt: null,
  deletedAt: null,
  deletedBy: null,
  seq: 4711,
};

const message = {
  number: 5,
  from: 'yoda',
  to: 'hans',
  text: 'Sell at 155?',
  at: AT,
  unread: false,
  seq: 4720,
};

const listing = {
  member: 'yoda',
  name: 'lecture1.mp4',
  size: 734_003_200,
  hash: '9f64a747e1b97f131fabb6b447296c9b6f0201e79fb3c5356e6c77e89b6a806a',
  modified: AT - 240 * HOUR,
  description: 'On the Force',
  key: '5d41a1c3f0b2e49687d8c1b0a9f8e7d6c5b4a3928170615243342516070899aa',
  at: AT,
  online: true,
};

const introduction = {
  id: '00112233445566778899aabbccddeeff',
  secret: '8c1f0d2e3b4a59687786a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0',
  member: 'yoda',
  address: '192.0.2.7',
  port: 40_007,
  key: listing.key,
  local: [{ address: '10.0.0.7', port: 40_007 }],
  relay: true,
};

const edited = { ...post, text: 'SJC is up again, by 500,000', editedAt: AT + 60_000, seq: 4712 };
const deleted = { ...edited, text: null, deletedAt: AT + 120_000, deletedBy: 'yoda', seq: 4713 };
const TOKEN = 'q9pYkz4wq3Wc0vYw0dXh3v5mZ8sJr1tLb6nKe2uQa7g';

const edit = {
  batch: 4690,
  kind: 'import' as const,
  name: 'sjc-2025.csv',
  by: 'yoda',
  at: AT - HOUR,
  undone: false,
  rows: 365,
  first: AT - 8760 * HOUR,
  last: AT - 24 * HOUR,
  series: ['SJC: import'],
  seriesCount: 1,
};

const held = {
  id: 3,
  quote: { ...sjc, buy: 15.2e6, sell: 15.4e6 },
  heldAt: AT,
  reason: 'a tenth of the last price: per chỉ? --unit chi',
  factor: 10,
  comparisons: [{ label: 'the last price', buy: 152e6, sell: 154e6 }],
};

export const EXAMPLES: Examples = {
  hello: {
    params: { protocol: 1, client: 'example/1.0' },
    result: {
      protocol: 1,
      server: 'goldctl/0.1.0',
      name: null,
      seq: 4710,
      now: AT,
      limits: { lineBytes: 65_536, postCharacters: 4096, callsPerSecond: 20, callsBurst: 60 },
    },
  },
  'members.active': {
    params: {},
    result: {
      members: [
        {
          name: 'yoda',
          address: '192.0.2.7',
          peerPort: null,
          activeSince: AT - HOUR,
          idleMs: 4200,
          role: 'member',
        },
      ],
    },
  },
  watch: { params: { rates: ['SJC', 'BTC'], forum: true, sinceSeq: 4700 }, result: { seq: 4710 } },
  sum: { params: { name: 'yoda', number: 25 }, result: { name: 'goldctl/0.1.0', number: 61, sum: 86 } },

  'account.signUp': {
    params: { name: 'yoda', password: 'size matters not' },
    result: { status: 201, name: 'yoda', role: 'member', token: TOKEN, seq: 4710 },
  },
  'account.signIn': {
    params: { name: 'yoda', password: 'size matters not', takeOver: true },
    result: { status: 200, name: 'yoda', role: 'member', token: TOKEN, seq: 4710 },
  },
  'account.resume': {
    params: { token: TOKEN },
    result: { status: 200, name: 'yoda', role: 'member', token: TOKEN, seq: 4710 },
  },
  'account.signOut': { params: {}, result: {} },
  'account.changePassword': {
    params: { password: 'size matters not', newPassword: 'do or do not' },
    result: {},
  },
  'account.list': {
    params: {},
    result: {
      accounts: [{ name: 'yoda', role: 'member', createdAt: AT - 900 * HOUR, banned: false, signedIn: true }],
    },
  },
  'account.setRole': { params: { name: 'yoda', role: 'moderator' }, result: { name: 'yoda', role: 'moderator' } },
  'account.export': {
    params: { name: 'yoda' },
    result: {
      account: { name: 'yoda', role: 'member', createdAt: AT - 30 * HOUR, banned: false },
      posts: [post],
      messages: [],
      listings: [],
      cursor: 'messages:0',
    },
  },
  'account.import': {
    params: {
      accounts: [
        { name: 'hans', password: 'falcon' },
        { name: 'yoda', password: 'size matters not', misread: ' size matters not' },
        { name: 'no body', password: 'x' },
      ],
    },
    result: {
      results: [
        { name: 'hans', outcome: 'created' },
        { name: 'yoda', outcome: 'repaired' },
        {
          name: 'no body',
          outcome: 'refused',
          reason: 'A name must be 1-32 letters, digits or any of - _ . without spaces.',
        },
      ],
    },
  },

  'rates.list': {
    params: { market: 'gold', in: 'chỉ' },
    result: {
      quotes: [sjc],
      converted: [{ buy: 15_200_000, sell: 15_400_000, currency: 'VND', unit: 'chi', stale: false, legs: [sjc] }],
    },
  },
  'rates.get': {
    params: { instrument: 'vàng SJC', in: 'USD/ozt' },
    result: {
      quotes: [sjc],
      converted: [sjcInDollars],
    },
  },
  'rates.lookup': {
    params: { date: '2025-12-10', instrument: 'SJC', in: 'USD/ozt' },
    result: { quotes: [sjc], converted: [sjcInDollars], before: [] },
  },
  'rates.history': {
    params: { instrument: 'SJC', from: AT - 48 * HOUR, to: AT, interval: '1d' },
    result: {
      candles: [
        { at: 1_765_213_200_000, open: 153e6, high: 154.5e6, low: 153e6, close: 153.5e6, count: 4 },
        { at: 1_765_299_600_000, open: 153.5e6, high: 154e6, low: 153.5e6, close: 154e6, count: 2 },
      ],
      series: { provider: 'sjc', company: 'SJC', brand: 'Hồ Chí Minh' },
      currency: 'VND',
      unit: 'tael',
      next: null,
    },
  },
  'rates.trends': {
    params: { days: 3 },
    result: {
      trends: [
        {
          instrument: 'SJC',
          series: { provider: 'sjc', company: 'SJC', brand: 'Hồ Chí Minh' },
          closes: [146000000, 146600000, 147600000],
        },
      ],
    },
  },
  'rates.providers': {
    params: {},
    result: {
      providers: [
        {
          id: 'sjc',
          state: 'ok',
          lastOk: AT - HOUR / 4,
          lastError: null,
          nextAt: AT + HOUR / 4,
          lastErrorAt: null,
          response: {
            statedAt: AT - HOUR,
            rejected: 0,
            refused: 1,
            distance: { percent: 13.2, label: 'vang-today', instrument: 'SJC-RING' },
            clockOffsetMs: -400,
          },
        },
        {
          id: 'doji',
          state: 'off',
          lastOk: null,
          lastError: 'switched off: set rates.providers.doji.enabled to true in config.json',
          nextAt: null,
        },
      ],
    },
  },
  'rates.import': {
    params: {
      instrument: 'SJC',
      aliases: ['Vàng SJC 1L'],
      rows: [
        [AT - 72 * HOUR, 151e6, 153e6],
        [AT - 48 * HOUR, 15.1e6, 1.53e6],
      ],
    },
    result: {
      stored: 1,
      duplicates: 0,
      refused: [{ row: 1, reason: 'buy 15,100,000 over sell 1,530,000' }],
    },
  },
  'rates.startImport': { params: { file: 'sjc-2025.csv' }, result: { batch: 4690 } },
  'rates.imports': { params: {}, result: { imports: [edit] } },
  'rates.undo': {
    params: { batch: 4690, reason: 'prices per chỉ' },
    result: {
      import: { ...edit, undone: true, changedBy: 'yoda', changedAt: AT },
    },
  },
  'rates.remove': {
    params: { instrument: 'SJC', provider: 'import', from: AT - 72 * HOUR, to: AT, reason: 'wrong file' },
    result: { batch: 4712, quotes: 72, series: ['import'] },
  },
  'rates.correct': {
    params: { instrument: 'SJC', provider: 'sjc', at: AT - HOUR, buy: 152e6, sell: 154e6, reason: 'typing error' },
    result: { batch: 4713 },
  },
  'rates.held': { params: {}, result: { held: [held] } },
  'rates.decide': { params: { id: 3, accept: false }, result: { quote: held.quote } },
  'rates.export': { params: { instrument: 'SJC', from: AT - 24 * HOUR }, result: { quotes: [sjc], cursor: null } },

  'forum.post': { params: { text: 'SJC is up again', clientId: '7f3a' }, result: { post } },
  'forum.edit': { params: { number: 17, text: 'SJC is up again, by 500,000' }, result: { post: edited } },
  'forum.delete': { params: { number: 17 }, result: { post: deleted } },
  'forum.read': { params: { sinceSeq: 4700, limit: 50 }, result: { posts: [post], seq: 4711, more: false } },
  'forum.search': { params: { text: 'sjc up', limit: 20 }, result: { posts: [post], more: false } },
  'forum.topics': {
    params: {},
    result: { topics: [{ topic: 'lobby', posts: 16, last: post, unread: 1, mentions: 0 }] },
  },
  'forum.markRead': {
    params: { seq: 4711, topic: 'lobby' },
    result: { topic: 'lobby', seq: 4721, unread: 0, mentions: 0 },
  },
  'forum.revisions': {
    params: { number: 17 },
    result: { post: edited, revisions: [{ text: 'SJC is up again', mentions: [], at: AT, seq: 4711 }] },
  },

  'messages.send': { params: { to: 'hans', text: 'Sell at 155?', clientId: '7f3b' }, result: { message } },
  'messages.read': {
    params: { with: 'hans', limit: 50 },
    result: { messages: [message], seq: 4720, more: false },
  },
  'messages.conversations': {
    params: {},
    result: { conversations: [{ with: 'hans', unread: 0, last: message }] },
  },
  'messages.markRead': { params: { with: 'hans', number: 5 }, result: { with: 'hans', seq: 4721, unread: 0 } },

  'files.publish': {
    params: {
      name: listing.name,
      size: listing.size,
      hash: listing.hash,
      modified: listing.modified,
      description: listing.description,
    },
    result: { status: 202, seq: 4722 },
  },
  'files.unpublish': { params: { name: listing.name }, result: {} },
  'files.discover': { params: { text: 'lecture' }, result: { listings: [listing], cursor: null } },
  'files.find': {
    params: { name: listing.name },
    result: {
      status: 204,
      sources: [
        {
          member: 'yoda',
          address: introduction.address,
          port: introduction.port,
          key: listing.key,
          name: listing.name,
          size: listing.size,
          hash: listing.hash,
          modified: listing.modified,
          description: listing.description,
          online: true,
        },
      ],
    },
  },

  'peer.register': {
    params: { port: introduction.port, key: listing.key, local: introduction.local },
    result: { address: introduction.address },
  },
  'peer.connect': {
    params: { member: 'yoda' },
    result: { ...introduction, side: 'a', ticket: `${introduction.id}.${introduction.secret}` },
  },
  'peer.ping': {
    params: { member: 'yoda' },
    result: {
      status: 203,
      member: 'yoda',
      sent: 4,
      received: 3,
      minMs: 20.4,
      avgMs: 21.2,
      maxMs: 22.5,
      timesMs: [22.5, 20.4, null, 20.7],
    },
  },

  'admin.status': {
    params: {},
    result: {
      version: '0.1.0',
      pid: 4242,
      startedAt: AT - 30 * HOUR,
      home: '/home/yoda/.local/share/goldctl',
      listening: [
        { name: 'TLS 1.3', address: '127.0.0.1:4000', state: 'open' },
        { name: 'UDP', address: '127.0.0.1:4000', state: 'open' },
      ],
      fingerprint: '3b1f8b0d5b7a4c1d9e2f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5',
      seq: 4711,
      connections: 3,
      members: 2,
      accounts: 12,
      instruments: 29,
      daemons: [
        {
          address: '127.0.0.1:4000',
          server: 'goldctl/0.1.0',
          startedAt: AT - 30 * HOUR,
          connections: 3,
          members: 2,
          seq: 4711,
          heardMs: null,
        },
      ],
      memoryBytes: 96_468_992,
      peers: { introductions: 2, relays: 1, relayedBytes: 48_234_496, overQuota: 0, unproven: 12 },
      store: { writable: true, reason: null, since: null, freeBytes: 81_604_378_624, lowSpace: false },
      slowReaders: 0,
    },
  },
  'admin.quitAll': { params: { reason: 'Back in a minute' }, result: { dropped: 2 } },
  'admin.kick': { params: { name: 'yoda' }, result: { dropped: 1 } },
  'admin.ban': {
    params: { name: 'jabba', reason: 'spam', minutes: 120 },
    result: { name: 'jabba', address: null, banned: true, until: AT + 2 * HOUR, dropped: 1 },
  },
  'admin.bans': {
    params: {},
    result: {
      bans: [
        { name: 'jabba', address: null, until: AT + 2 * HOUR, reason: 'spam' },
        { name: null, address: '198.51.100.0/24', until: null, reason: null },
      ],
    },
  },
  'admin.reload': {
    params: {},
    result: { changed: ['limits.connections', 'rates.providers.sjc'], restart: ['listen.port'] },
  },
  'admin.backup': {
    params: { after: 4709, upTo: 4711 },
    result: {
      seq: 4711,
      at: AT,
      server: 'goldctl/0.1.0',
      records: [
        { seq: 4710, kind: 'rates.backfilled', at: AT },
        { seq: 4711, kind: 'forum.posted', at: AT },
      ],
    },
  },
  'admin.refresh': { params: { provider: 'sjc' }, result: {} },
  'admin.stop': { params: { retryAfterMs: 250 }, result: {} },
};

export const EVENT_EXAMPLES: { readonly [E in EventName]: EventParams<E> } = {
  quote: { seq: 4714, quote: { ...sjc, sell: 154_500_000, at: AT, checkedAt: AT, id: 'MIZNGATC' } },
  post: { seq: 4711, post },
  message: { seq: 4720, message },
  listing: { seq: 4722, change: 'published', listing },
  peer: { ...introduction, side: 'b', member: 'hans', address: '198.51.100.4' },
  unread: { topic: 'lobby', seq: 4721, unread: 0, mentions: 0 },
  member: { name: 'hans', change: 'joined', at: AT },
  role: { name: 'hans', role: 'moderator' },
  notice: { text: 'You fell behind, and some events were skipped.', resync: 4713 },
  bye: { status: 405, reason: 'The daemon was stopped.' },
};
