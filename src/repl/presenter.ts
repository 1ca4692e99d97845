import { agreedOffset, clockProblem } from '../domain/clock-offset.ts';
import type { Failure } from '../domain/failure.ts';
import { formatCount, formatPercent, formatPrice } from '../domain/figures.ts';
import { plain } from '../domain/fold.ts';
import { formatMinute, formatSeedTime, formatSpan } from '../domain/instant.ts';
import { price } from '../domain/quote.ts';
import { joinSafe, repeatSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { seriesName } from '../domain/series.ts';
import type { EventParams } from '../protocol/events.ts';
import type { Result } from '../protocol/methods.ts';
import { chart } from './chart.ts';
import { LOOKUP, VERBS } from './grammar.ts';
import type { Paper } from './paper.ts';
import { type Cell, cut, pad, table } from './table.ts';

export type Quote = Result<'rates.list'>['quotes'][number];
export type Providers = Result<'rates.providers'>['providers'];
type Post = Result<'forum.read'>['posts'][number];
type Message = Result<'messages.read'>['messages'][number];
type History = Result<'rates.history'>;

/** Latest quotes, one a line. `before` holds the price that a change is counted from, where one is known. */
export function ratesTable(
  quotes: readonly Quote[],
  paper: Paper,
  before: (quote: Quote) => number | undefined = () => undefined,
): SafeText[] {
  return table(
    [
      { title: 'Instrument' },
      { title: 'Buy', align: 'right' },
      { title: 'Sell', align: 'right' },
      { title: 'Unit' },
      { title: 'Change', align: 'right' },
      { title: 'Age', align: 'right' },
      { title: 'Provider', most: 20 },
      { title: 'Company', most: 24 },
      { title: 'Brand', most: 24 },
    ],
    quotes.map((quote) => [
      plain(quote.instrument),
      formatPrice(quote.buy, quote.currency),
      formatPrice(quote.sell, quote.currency),
      unitOf(quote),
      changeCell(before(quote), price(quote), paper),
      ageCell(quote, paper),
      plain(quote.provider),
      sameName(quote.company, quote.provider) ? '' : plain(quote.company),
      plain(quote.brand),
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
}

/** What to do about a table of rates that is empty: nothing is shown in place of prices that nobody has. */
export function noRates(providers: Providers, paper: Paper, what = 'rates'): SafeText[] {
  const failing = providers.filter((each) => each.state === 'error' || (each.state === 'stale' && each.lastError));
  const waiting = providers.filter((each) => each.state !== 'off' && !failing.includes(each));
  const lines = [safeText`There are no ${plain(what)} yet.`];
  if (failing.length > 0) {
    lines.push(safeText`These providers could not be reached:`);
    for (const each of failing) {
      const again = each.nextAt === null ? safeText`` : safeText` (tried again ${inTime(each.nextAt, paper.now)})`;
      lines.push(safeText`  ${plain(each.id)}: ${plain(each.lastError ?? 'no answer yet')}${again}`);
    }
  }
  if (waiting.length > 0) {
    lines.push(safeText`These have not brought any yet:`);
    for (const each of waiting) {
      lines.push(
        safeText`  ${plain(each.id)}${each.nextAt === null ? safeText`` : safeText` (asked ${inTime(each.nextAt, paper.now)})`}`,
      );
    }
  }
  if (failing.length + waiting.length === 0) {
    lines.push(safeText`No provider is switched on: see "goldctl rates providers" and rates.providers in config.json.`);
  } else {
    lines.push(safeText`To ask them now: goldctl rates refresh`);
  }
  lines.push(safeText`To bring in prices that you have: goldctl rates import FILE`);
  return lines;
}

/** The records of a day, as the gold seed boxes them. */
export function lookupResults(
  { quotes, before = [] }: Result<'rates.lookup'>,
  date: string,
  instrument: string,
  paper: Paper,
): SafeText[] {
  if (quotes.length === 0) {
    return [
      safeText`No quotes for ${plain(instrument)} on ${plain(date)} (Vietnam time): nobody observed its price on that day.`,
      ...(before.length > 0 ? [safeText`The last price known before it:`, ...ratesTable(before, paper)] : []),
      safeText`MARKET ${plain(instrument)} shows its latest price, CHART ${plain(instrument)} all which days there are; "goldctl rates import FILE" brings in others.`,
    ];
  }
  const lines = [safeText`${quotes.length} results found:`];
  const isMixed = new Set(quotes.map((quote) => quote.instrument)).size > 1;
  for (const quote of quotes) {
    const rows = [
      ...(isMixed ? [safeText`Instrument: ${plain(quote.instrument)}`] : []),
      safeText`BUY: ${formatPrice(quote.buy, quote.currency)} ${unitOf(quote)}`,
      safeText`SELL: ${formatPrice(quote.sell, quote.currency)} ${unitOf(quote)}`,
      safeText`Company: ${plain(quote.company)}`,
      safeText`Brand: ${plain(quote.brand)}`,
      safeText`ID: ${plain(quote.id)}`,
      safeText`Provider: ${plain(quote.provider)}`,
      safeText`Since: ${formatMinute(quote.at)}`,
    ];
    const width = Math.max(24, Math.min(44, paper.width - 4));
    lines.push(safeText` ${repeatSafe(safeText`_`, width)}`);
    lines.push(...rows.map((row) => safeText`|${pad(cut(row, width, paper.unicode), width)}|`));
    lines.push(safeText`|${repeatSafe(safeText`_`, width)}|`);
  }
  return lines;
}

export function providersTable(providers: Providers, paper: Paper): SafeText[] {
  const lines = table(
    [
      { title: 'Provider' },
      { title: 'State' },
      { title: 'Last answer', align: 'right' },
      { title: 'Own time', align: 'right' },
      { title: 'Next', align: 'right' },
      { title: 'Rejected', align: 'right' },
      { title: 'Distance', most: 24 },
      { title: 'Last error' },
    ],
    providers.map((each) => [
      plain(each.id),
      { text: safeText`${each.state}`, ...stateStyle(each.state, paper) },
      each.lastOk === null ? safeText`-` : safeText`${formatSpan(paper.now - each.lastOk)} ago`,
      each.response?.statedAt == null ? '-' : ago(each.response.statedAt, paper.now),
      each.nextAt === null ? '-' : inTime(each.nextAt, paper.now),
      rejectedCell(each),
      distanceCell(each),
      each.lastError === null ? safeText`` : safeText`${plain(each.lastError)}${since(each.lastErrorAt, paper.now)}`,
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
  const offset = agreedOffset(providers.flatMap(({ response }) => response?.clockOffsetMs ?? []));
  return offset === undefined
    ? lines
    : [...lines, safeText``, safeText`${clockProblem(offset)} Set it right; prices are dated by theirs until then.`];
}

type Provider = Providers[number];

function ago(at: number, now: number): SafeText {
  return safeText`${formatSpan(Math.max(0, now - at))} ago`;
}

function since(at: number | null | undefined, now: number): SafeText {
  return at == null ? safeText`` : safeText` (${ago(at, now)})`;
}

/** Rows of the last response that are not shown as prices. */
function rejectedCell({ response }: Provider): SafeText {
  const count = (response?.rejected ?? 0) + (response?.refused ?? 0);
  return count === 0 ? safeText`` : formatCount(count);
}

function distanceCell({ response }: Provider): SafeText {
  const distance = response?.distance;
  if (!distance) return safeText``;
  const { percent, label, instrument } = distance;
  return safeText`${plain(Math.abs(percent).toFixed(0))} % ${percent < 0 ? 'under' : 'over'} ${plain(label)} (${plain(instrument)})`;
}

/** A chart with its title and what it amounts to. */
export function historyChart(name: string, history: History, paper: Paper, height = 16): SafeText[] {
  const { candles, currency, unit } = history;
  const [first, last] = [candles[0], candles.at(-1)];
  if (!first || !last) return noHistory(name);
  let low = first.low;
  let high = first.high;
  for (const candle of candles) {
    low = Math.min(low, candle.low);
    high = Math.max(high, candle.high);
  }
  const change = formatPercent(first.close, last.close);
  const coloured = last.close < first.close ? paper.style.down(change) : paper.style.up(change);
  return [
    safeText`${plain(name)}${seriesOf(history)}  last ${formatPrice(last.close, currency)}  low ${formatPrice(low, currency)}  high ${formatPrice(high, currency)}  ${coloured}`,
    ...chart(candles, { width: Math.min(paper.width, 160), height, unicode: paper.unicode, currency, unit }),
  ];
}

export function historyTable(name: string, history: History, paper: Paper): SafeText[] {
  const { candles, currency, unit } = history;
  if (candles.length === 0) return noHistory(name);
  const right = { align: 'right' as const };
  return [
    safeText`${plain(name)}${seriesOf(history)}, ${plain(currency)}/${unit}`,
    ...table(
      [
        { title: 'From' },
        { title: 'Open', ...right },
        { title: 'High', ...right },
        { title: 'Low', ...right },
        { title: 'Close', ...right },
        { title: 'Quotes', ...right },
      ],
      candles.map((candle) => [
        formatMinute(candle.at),
        formatPrice(candle.open, currency),
        formatPrice(candle.high, currency),
        formatPrice(candle.low, currency),
        formatPrice(candle.close, currency),
        formatCount(candle.count),
      ]),
      { heading: paper.style.heading, unicode: paper.unicode },
    ),
  ];
}

/** Names the series of a history: ` (sjc, SJC, Hà Nội)`. */
function seriesOf({ series }: History): SafeText {
  return series ? safeText` (${plain(seriesName(series))})` : safeText``;
}

export function noHistory(name: string): SafeText[] {
  return [
    safeText`No price of ${plain(name)} was noted in this time.`,
    safeText`A longer range may have some; "goldctl rates import FILE" brings in what you have.`,
  ];
}

/** One message, in the forum seed's form. */
export function postLine(post: Post): SafeText {
  const topic = post.topic === 'lobby' ? safeText`` : safeText` [${plain(post.topic)}]`;
  const head = safeText`#${post.number}; ${plain(post.member)}${topic}:`;
  if (post.text === null || post.deletedAt !== null) {
    const by = post.deletedBy && post.deletedBy !== post.member ? safeText` by ${plain(post.deletedBy)}` : '';
    return safeText`${head} deleted${by}${post.deletedAt === null ? safeText`` : safeText` at ${formatSeedTime(post.deletedAt)}`}.`;
  }
  const verb = post.editedAt === null ? 'posted' : 'edited';
  const at = post.editedAt ?? post.at;
  return safeText`${head} "${plain(post.text)}" ${verb} at ${formatSeedTime(at)}.`;
}

export function postsRead(posts: readonly Post[]): SafeText[] {
  if (posts.length === 0) return [safeText`Read message failed. There is no new message`];
  return [safeText`Read message successfully. The new message is:`, ...posts.map(postLine)];
}

/** What a search found, the newest last as it is read. */
export function postsFound(posts: readonly Post[], more: boolean): SafeText[] {
  if (posts.length === 0) return [safeText`Sorry, did not find any results`];
  const found = safeText`${posts.length} result${posts.length === 1 ? '' : 's'} found${more ? ', the newest of more' : ''}:`;
  return [found, ...posts.map(postLine).reverse()];
}

/** A post and what it said before, oldest first. */
export function postRevisions({ post, revisions }: Result<'forum.revisions'>): SafeText[] {
  if (revisions.length === 0) return [postLine(post), safeText`It was never changed.`];
  return [
    ...revisions.map(
      ({ text, at }) => safeText`#${post.number}; ${plain(post.member)}: "${plain(text)}" since ${formatSeedTime(at)}.`,
    ),
    postLine(post),
  ];
}

export function topicsTable(topics: Result<'forum.topics'>['topics'], paper: Paper): SafeText[] {
  if (topics.length === 0) return [safeText`Nobody wrote anything yet. Be the first: MSG Hello`];
  return table(
    [
      { title: 'Topic', most: 34 },
      { title: 'Messages', align: 'right' },
      { title: 'Unread', align: 'right' },
      { title: 'Of you', align: 'right' },
      { title: 'Last' },
    ],
    topics.map(({ topic, posts, unread = 0, mentions = 0, last }) => [
      safeText`#${plain(topic)}`,
      formatCount(posts),
      unread > 0 ? formatCount(unread) : '',
      mentions > 0 ? formatCount(mentions) : '',
      safeText`#${last.number} by ${plain(last.member)}, ${formatSpan(Math.max(0, paper.now - last.at))} ago`,
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
}

/** One direct message. */
export function messageLine({ number, from, to, text, at, unread }: Message): SafeText {
  const mark = unread ? ' (new)' : '';
  return safeText`#${number}; ${plain(from)} to ${plain(to)}: "${plain(text)}" sent at ${formatSeedTime(at)}.${mark}`;
}

export function messagesRead(messages: readonly Message[]): SafeText[] {
  return messages.length === 0
    ? [safeText`There are no messages. To write one: DM name text`]
    : messages.map(messageLine);
}

export function conversationsTable(
  conversations: Result<'messages.conversations'>['conversations'],
  paper: Paper,
): SafeText[] {
  if (conversations.length === 0) return messagesRead([]);
  return table(
    [{ title: 'With' }, { title: 'Unread', align: 'right' }, { title: 'Last' }, { title: 'Text', most: 48 }],
    conversations.map(({ with: other, unread, last }) => [
      plain(other),
      unread > 0 ? formatCount(unread) : '',
      safeText`${formatSpan(Math.max(0, paper.now - last.at))} ago`,
      plain(last.text),
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
}

/** Everybody who is there. */
export function membersTable(members: Result<'members.active'>['members'], paper: Paper): SafeText[] {
  if (members.length === 0) return [safeText`Nobody is signed in.`];
  return table(
    [
      { title: 'Name' },
      { title: 'Address' },
      { title: 'Port', align: 'right' },
      { title: 'Active since' },
      { title: 'Idle', align: 'right' },
    ],
    members.map(({ name, address, peerPort, activeSince, idleMs }) => [
      plain(name),
      plain(address),
      peerPort === null ? '' : safeText`${peerPort}`,
      formatSeedTime(activeSince),
      idleMs < 1000 ? '' : formatSpan(idleMs),
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
}

/** The others who are there. */
export function activeMembers(members: Result<'members.active'>['members'], self: string | null): SafeText[] {
  const others = members.filter((each) => each.name !== self);
  if (others.length === 0) return [safeText`Currently no other user is in active.`];
  return [
    safeText`Current active users is:`,
    ...others.map((each) =>
      joinSafe(
        [
          plain(each.name),
          plain(each.address),
          each.peerPort ?? safeText`-`,
          safeText`active since ${formatSeedTime(each.activeSince)}`,
        ],
        ', ',
      ),
    ),
  ];
}

export function accountsTable(accounts: Result<'account.list'>['accounts'], paper: Paper): SafeText[] {
  if (accounts.length === 0)
    return [
      safeText`There are no accounts yet. The first one, made here, owns the daemon: goldctl account signup NAME`,
    ];
  return table(
    [{ title: 'Name' }, { title: 'Role' }, { title: 'Signed in' }, { title: 'Banned' }, { title: 'Since' }],
    accounts.map((each) => [
      plain(each.name),
      safeText`${each.role}`,
      each.signedIn ? 'yes' : '',
      each.banned ? 'yes' : '',
      formatMinute(each.createdAt),
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
}

/** Who is kept out. */
export function bansTable(bans: Result<'admin.bans'>['bans'], paper: Paper): SafeText[] {
  if (bans.length === 0) return [safeText`Nobody is banned.`];
  return table(
    [{ title: 'Account or address' }, { title: 'Until' }, { title: 'Reason' }],
    bans.map((each) => [
      plain(each.name ?? each.address ?? ''),
      each.until === null ? 'it is lifted' : formatMinute(each.until),
      plain(each.reason ?? ''),
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
}

/** Both names and the three numbers of a sum, as the sum seed logs them. */
export function sumLines(answer: Result<'sum'>, name: string, number: number): SafeText[] {
  return [
    safeText`Client Name: ${plain(name)} | Server Name: ${plain(answer.name)}`,
    safeText`Client Number: ${number} | Server Number: ${answer.number} | Sum: ${answer.sum}`,
  ];
}

/** A price that changed while it was watched. */
export function quoteEvent({ quote }: EventParams<'quote'>, paper: Paper, before: number | undefined): SafeText {
  const change = changeCell(before, price(quote), paper);
  const shown = change.text === '' ? safeText`` : safeText` ${change.style ? change.style(change.text) : change.text}`;
  return safeText`* ${describe(quote, paper)}${shown}`;
}

export function helpLines(): SafeText[] {
  const rows = [...VERBS.map(({ word, follows, help }) => ({ word, follows, help })), LOOKUP].map(
    ({ word, follows, help }) => ({ call: plain(`${word} ${follows}`), help: plain(help) }),
  );
  return [safeText`Important key words:`, ...rows.map(({ call, help }) => safeText`  ${pad(call, 30)}  ${help}`)];
}

/** A failure for people: the sentence, and what its data adds that the sentence does not say. */
export function failureLines({ message, data }: Failure): SafeText[] {
  const lines = [plain(message)];
  const { suggestions, attemptsLeft, retryAfterMs } = data;
  const named = (text: string): boolean => message.includes(text);
  if (Array.isArray(suggestions)) {
    const names = suggestions.map((each) => plain(String(each))).filter((name) => !named(name));
    if (names.length > 0) lines.push(safeText`Did you mean ${joinSafe(names, ', ')}?`);
  }
  if (typeof attemptsLeft === 'number' && !named(String(attemptsLeft)))
    lines.push(safeText`Left trying time: ${attemptsLeft}.`);
  if (typeof retryAfterMs === 'number' && !/\d/.test(message))
    lines.push(safeText`Try again in ${formatSpan(retryAfterMs)}.`);
  return lines;
}

/** @param times what is said of its times; by default since when it holds, and how old it is where it is stale */
export function describe(quote: Quote, paper: Paper, times?: SafeText): SafeText {
  const who = joinSafe(
    [quote.provider, sameName(quote.company, quote.provider) ? '' : quote.company, quote.brand]
      .map(plain)
      .filter((part) => part !== ''),
    ', ',
  );
  const stale = quote.stale ? safeText`, ${paper.style.stale(ageCell(quote, paper).text)}` : '';
  return safeText`${plain(quote.instrument)} buy ${formatPrice(quote.buy, quote.currency)}, sell ${formatPrice(quote.sell, quote.currency)} ${unitOf(quote)} (${who}, ${times ?? safeText`since ${formatMinute(quote.at)}${stale}`})`;
}

export function unitOf(quote: Pick<Quote, 'currency' | 'unit'>): SafeText {
  return safeText`${plain(quote.currency)}/${quote.unit}`;
}

function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function ageCell(quote: Quote, paper: Paper): Cell {
  const age = formatSpan(paper.now - quote.checkedAt);
  return quote.stale ? { text: safeText`STALE ${age}`, style: paper.style.stale } : { text: age };
}

function changeCell(before: number | undefined, now: number, paper: Paper): Cell {
  if (before === undefined) return { text: safeText`` };
  const text = formatPercent(before, now);
  return now === before ? { text } : { text, style: now > before ? paper.style.up : paper.style.down };
}

function stateStyle(state: Providers[number]['state'], paper: Paper): Pick<Cell, 'style'> {
  if (state === 'error') return { style: paper.style.error };
  return state === 'stale' ? { style: paper.style.stale } : {};
}

function inTime(at: number, now: number): SafeText {
  return at <= now ? safeText`now` : safeText`in ${formatSpan(at - now)}`;
}
