import type { Role } from '../domain/account.ts';
import type { Candle } from '../domain/candle.ts';
import type { Series } from '../domain/series.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Transfer } from '../domain/transfer.ts';
import type { MethodResult } from '../protocol/methods.ts';
import type { ChartRange } from '../repl/grammar.ts';

export type RateQuote = MethodResult<'rates.list'>['quotes'][number];
export type ForumPost = MethodResult<'forum.read'>['posts'][number];
export type DirectMessage = MethodResult<'messages.read'>['messages'][number];
export type OnlineMember = MethodResult<'members.active'>['members'][number];
export type ProviderStatus = MethodResult<'rates.providers'>['providers'][number];

/** The panes that can have the focus, in Tab order. */
export const PANES = ['input', 'rates', 'chart', 'forum', 'members', 'transfers'] as const;
export type Pane = (typeof PANES)[number];

export const THEME_NAMES = ['dark', 'light', 'contrast', 'plain'] as const;
export type ThemeName = (typeof THEME_NAMES)[number];
export const DEFAULT_THEME: ThemeName = 'dark';

export type ConnectionStatus =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'online' }
  | { readonly phase: 'offline'; readonly since: EpochMs; readonly nextTryAt: EpochMs | null; readonly reason: string }
  | { readonly phase: 'ended'; readonly reason: string };

/** The series that a member chose, by instrument id. Other instruments show their reference series. */
export type SeriesByInstrument = ReadonlyMap<string, Series>;

/** Bounded, because each choice needs its own call whenever the rates are read. */
const MAX_SERIES_CHOICES = 32;

/** A row of the rates table: the reference series of an instrument, or the one that the member chose. */
export interface RateRow {
  readonly quote: RateQuote;
  /** Daily closes of the same series before today, oldest first: for the sparkline and the change. */
  readonly closes: readonly number[];
  /** When a new price last arrived: it is highlighted for a moment. */
  readonly movedAt: EpochMs | null;
  /** Which price was new at `movedAt`; absent: both. */
  readonly movedSides?: readonly PriceSide[];
}

export type PriceSide = 'buy' | 'sell';

/** The columns by which the rates can be sorted, from left to right. */
export const SORT_COLUMNS = ['name', 'buy', 'sell', 'change', 'age'] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];

/** Which rates are shown, and in which order. */
export interface RatesView {
  /** Null: by market, or in the order of the watch list. */
  readonly sortBy: SortColumn | null;
  readonly isDescending: boolean;
  /** Only rates with this text are shown; empty: all. */
  readonly filter: string;
  /** Keys are typed into the filter. */
  readonly isTyping: boolean;
  /** Only instruments of the watch list are shown. */
  readonly isWatchListOnly: boolean;
}

/** What to load for a chart. The daemon's answer carries it, so that a late answer is recognised. */
export interface ChartRequest {
  readonly instrument: string;
  readonly range: ChartRange;
  /** Absent: the price that customers pay, else what they get. */
  readonly side?: 'buy';
  /** When the chart ends; absent: now. */
  readonly end?: EpochMs;
  /** The instrument that the first one is compared with. */
  readonly versus?: string;
}

export interface ChartState {
  readonly instrument: string | null;
  /** The series of `candles`; null: unknown. */
  readonly series: Series | null;
  readonly range: ChartRange;
  /** When the chart ends; null: now. */
  readonly end: EpochMs | null;
  /** `sell` is what customers pay, or what they get if there is no other price. */
  readonly side: PriceSide;
  readonly mode: 'line' | 'candles';
  readonly candles: readonly Candle[];
  /** The instrument that the first one is compared with, in percent, and its candles. */
  readonly versus: string | null;
  readonly versusCandles: readonly Candle[];
  readonly currency: string;
  readonly unit: string;
  readonly isLoading: boolean;
  readonly error: string | null;
  /** The index of the candle under the crosshair, from the newest one (0); null: no crosshair. */
  readonly crosshair: number | null;
}

export interface TopicState {
  readonly topic: string;
  readonly unread: number;
  readonly mentions: number;
}

/** What the forum pane shows: the chosen topic, a thread, the hits of a search, or the messages with a member. */
export type ForumView =
  | { readonly kind: 'topic' }
  | { readonly kind: 'thread'; readonly root: number }
  | { readonly kind: 'search'; readonly text: string }
  | { readonly kind: 'direct'; readonly member: string };

/** The lowest line on the screen: that of a post, `hidden` lines above the post's end. */
export interface ForumAnchor {
  readonly number: number;
  readonly hidden: number;
}

export interface ForumState {
  /** The chosen topic; null: all topics. */
  readonly topic: string | null;
  readonly topics: readonly TopicState[];
  readonly view: ForumView;
  /** Of the view, by number, oldest first; a window, bounded by the reducer. Direct messages look like posts. */
  readonly posts: readonly ForumPost[];
  readonly isLoaded: boolean;
  /** The daemon has posts older than `posts`. */
  readonly hasMore: boolean;
  /** The daemon has posts newer than `posts`. */
  readonly hasNewer: boolean;
  /** null: the newest post is at the bottom, and new ones scroll the pane. */
  readonly anchor: ForumAnchor | null;
  /** The number of the post at the cursor; null: the newest one. */
  readonly cursor: number | null;
  /** Posts that arrived below the screen. */
  readonly newBelow: number;
  /** When a page was last requested. */
  readonly requestedAt: EpochMs;
  /** Where the cursor was in the topic before another view was opened; null: at the newest post. */
  readonly leftAt: number | null;
  /** The post that the next press of the same key deletes. */
  readonly deletion: { readonly number: number; readonly at: EpochMs } | null;
}

/** A member that direct messages were exchanged with. */
export interface ConversationState {
  readonly member: string;
  readonly unread: number;
}

export type FormField = 'name' | 'password';

export interface SignInForm {
  readonly kind: 'signIn' | 'signUp';
  readonly field: FormField;
  readonly name: string;
  readonly password: string;
  /** In the text of `field`: a string index between two grapheme clusters. */
  readonly cursor: number;
  readonly isBusy: boolean;
  readonly error: string | null;
  /** The account is signed in elsewhere: the next submit ends that session. */
  readonly takeOver: boolean;
}

/** A search in the history of the input line. */
export interface HistorySearch {
  readonly query: string;
  /** The index of the found line in the history; null: no line has the query. */
  readonly match: number | null;
}

export interface InputState {
  /** One or several lines. */
  readonly text: string;
  /** A string index between two grapheme clusters. */
  readonly cursor: number;
  /** Submitted lines, oldest first. */
  readonly history: readonly string[];
  /** The recalled line of `history`, from the newest (0); null: none. */
  readonly historyIndex: number | null;
  /** The text that was typed before the first recall. */
  readonly draft: string;
  /** Completions of the text after Tab, if there are several. */
  readonly candidates: readonly string[];
  /** The text that is probably a mistyped command: submitting it again posts it. */
  readonly questioned: string | null;
  readonly search: HistorySearch | null;
}

/** A file or folder that another member offers. `id` is the number of its transfer. */
export interface IncomingOffer {
  readonly id: number;
  readonly member: string;
  readonly name: string;
  readonly size: number;
  readonly files: number;
}

export interface FilesState {
  readonly offers: readonly IncomingOffer[];
  /** Running transfers by number, then finished ones, newest first; bounded. Without offers. */
  readonly transfers: readonly Transfer[];
  /** The number of the offer or transfer that keys act on; null: the first one. */
  readonly selected: number | null;
  /** Numbers of finished transfers that the member removed from the screen. */
  readonly dismissed: readonly number[];
  /** Names of published files for completion; bounded. */
  readonly listings: readonly string[];
}

/** What is searched in the box of help or of a long answer. */
export interface BoxSearch {
  readonly query: string;
  /** Whether keys are typed into the query. */
  readonly isTyping: boolean;
  /** The line of the current match; null: none. */
  readonly line: number | null;
}

/** The box of help or of a long answer: the first visible line, and a search. */
export interface TextBox {
  readonly scroll: number;
  readonly search?: BoxSearch | null;
}

export interface Notice {
  readonly text: string;
  readonly tone: 'info' | 'good' | 'bad';
  readonly at: EpochMs;
}

export interface TerminalEnvironment {
  readonly columns: number;
  readonly rows: number;
  /** Updated once a second. */
  readonly now: EpochMs;
  /** The daemon's address as shown to people. */
  readonly address: string;
  readonly theme: ThemeName;
  /** Whether the terminal can show more than ASCII. */
  readonly unicode: boolean;
}

/** Everything that the screen shows: presentation is a pure function of it. */
export interface State extends TerminalEnvironment {
  readonly connection: ConnectionStatus;
  readonly member: { readonly name: string; readonly role: Role } | null;
  readonly providers: readonly ProviderStatus[];
  /** Sorted by market and instrument. */
  readonly rates: readonly RateRow[];
  readonly hasLoadedRates: boolean;
  readonly choices: SeriesByInstrument;
  readonly selected: string | null;
  readonly ratesView: RatesView;
  /** Instruments in the order of the member; bounded. */
  readonly watchList: readonly string[];
  readonly chart: ChartState;
  readonly forum: ForumState;
  /** The latest first. */
  readonly conversations: readonly ConversationState[];
  readonly members: readonly OnlineMember[];
  readonly hasLoadedMembers: boolean;
  readonly idleNames: readonly string[];
  /** The name of the member that keys act on; null: the first one. */
  readonly selectedMember: string | null;
  /** The members pane shows addresses and ports. */
  readonly showsAddresses: boolean;
  readonly files: FilesState;
  readonly input: InputState;
  readonly focus: Pane;
  /** The first key of a sequence such as `C-x C-e`, until the second one. */
  readonly firstKey: string | null;
  /** The pane that fills the screen, if any. */
  readonly zoomed: Pane | null;
  readonly help: TextBox | null;
  readonly form: SignInForm | null;
  /** The output of the last typed line, shown over the forum until the next key, or in a box if it is long. */
  readonly output: readonly string[] | null;
  /** The box of `output`; null: it fits into the pane. Only the reducer of all actions sets it. */
  readonly answer: TextBox | null;
  /** Off: the terminal selects text, as it does without a program. */
  readonly mouse: boolean;
  readonly notice: Notice | null;
}

export const TOPIC_VIEW: ForumView = { kind: 'topic' };

const EMPTY_INPUT: InputState = {
  text: '',
  cursor: 0,
  history: [],
  historyIndex: null,
  draft: '',
  candidates: [],
  questioned: null,
  search: null,
};

export function initialState(environment: TerminalEnvironment): State {
  return {
    ...environment,
    connection: { phase: 'connecting' },
    member: null,
    providers: [],
    rates: [],
    hasLoadedRates: false,
    choices: new Map(),
    selected: null,
    ratesView: { sortBy: null, isDescending: false, filter: '', isTyping: false, isWatchListOnly: false },
    watchList: [],
    chart: {
      instrument: null,
      series: null,
      range: '1y',
      end: null,
      side: 'sell',
      mode: 'line',
      candles: [],
      versus: null,
      versusCandles: [],
      currency: '',
      unit: 'each',
      isLoading: false,
      error: null,
      crosshair: null,
    },
    forum: {
      topic: null,
      topics: [],
      view: TOPIC_VIEW,
      posts: [],
      isLoaded: false,
      hasMore: false,
      hasNewer: false,
      anchor: null,
      cursor: null,
      newBelow: 0,
      requestedAt: 0,
      leftAt: null,
      deletion: null,
    },
    conversations: [],
    members: [],
    hasLoadedMembers: false,
    idleNames: [],
    selectedMember: null,
    showsAddresses: false,
    files: { offers: [], transfers: [], selected: null, dismissed: [], listings: [] },
    input: EMPTY_INPUT,
    focus: 'input',
    firstKey: null,
    zoomed: null,
    help: null,
    form: null,
    output: null,
    answer: null,
    mouse: true,
    notice: null,
  };
}

/** The request that a chart is the answer to; null: no instrument is selected. */
export function chartRequest({
  instrument,
  range,
  side,
  end,
  versus,
}: Pick<ChartState, 'instrument' | 'range' | 'side' | 'end' | 'versus'>): ChartRequest | null {
  if (instrument === null) return null;
  return {
    instrument,
    range,
    ...(side === 'buy' ? { side } : {}),
    ...(end === null ? {} : { end }),
    ...(versus === null ? {} : { versus }),
  };
}

/** Adds a choice; null returns to the reference series. The newest choice comes last; the oldest is dropped. */
export function withSeriesChoice(
  choices: SeriesByInstrument,
  instrument: string,
  series: Series | null,
): SeriesByInstrument {
  const others = [...choices].filter(([id]) => id !== instrument);
  return new Map(series === null ? others : [...others, [instrument, series] as const].slice(-MAX_SERIES_CHOICES));
}
