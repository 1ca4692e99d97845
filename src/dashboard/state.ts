import type { Role } from '../domain/account.ts';
import type { Candle } from '../domain/candle.ts';
import type { Series } from '../domain/series.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Transfer } from '../domain/transfer.ts';
import type { MethodResult } from '../protocol/methods.ts';
import type { ChartRange } from '../repl/grammar.ts';

export type RateQuote = MethodResult<'rates.list'>['quotes'][number];
export type ForumPost = MethodResult<'forum.read'>['posts'][number];
export type OnlineMember = MethodResult<'members.active'>['members'][number];
export type ProviderStatus = MethodResult<'rates.providers'>['providers'][number];

/** The panes that can have the focus, in Tab order. */
export const PANES = ['input', 'rates', 'chart', 'forum', 'members', 'transfers'] as const;
export type Pane = (typeof PANES)[number];

export const THEME_NAMES = ['dark', 'light', 'contrast', 'plain'] as const;
export type ThemeName = (typeof THEME_NAMES)[number];

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
  /** When a new quote last arrived: the price is highlighted for a moment. */
  readonly movedAt: EpochMs | null;
}

export interface ChartState {
  readonly instrument: string | null;
  /** The series of `candles`; null: unknown. */
  readonly series: Series | null;
  readonly range: ChartRange;
  readonly mode: 'line' | 'candles';
  readonly candles: readonly Candle[];
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

export interface ForumState {
  /** The shown topic; null: all topics. */
  readonly topic: string | null;
  readonly topics: readonly TopicState[];
  /** By number, oldest first; bounded by the reducer. */
  readonly posts: readonly ForumPost[];
  readonly isLoaded: boolean;
  /** The daemon has posts older than `posts`. */
  readonly hasMore: boolean;
  /** Lines scrolled up from the newest post. */
  readonly scroll: number;
}

export type FormField = 'name' | 'password';

export interface SignInForm {
  readonly kind: 'signIn' | 'signUp';
  readonly field: FormField;
  readonly name: string;
  readonly password: string;
  readonly isBusy: boolean;
  readonly error: string | null;
  /** The account is signed in elsewhere: the next submit ends that session. */
  readonly takeOver: boolean;
}

export interface InputState {
  readonly text: string;
  /** In characters (code points). */
  readonly cursor: number;
  /** Submitted lines, oldest first. */
  readonly history: readonly string[];
  /** The recalled line of `history`, from the newest (0); null: none. */
  readonly historyIndex: number | null;
  /** The text that was typed before the first recall. */
  readonly draft: string;
  /** Completions of the text after Tab, if there are several. */
  readonly candidates: readonly string[];
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
  /** Names of published files for completion; bounded. */
  readonly listings: readonly string[];
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
  readonly chart: ChartState;
  readonly forum: ForumState;
  readonly members: readonly OnlineMember[];
  readonly hasLoadedMembers: boolean;
  readonly idleNames: readonly string[];
  readonly files: FilesState;
  readonly input: InputState;
  readonly focus: Pane;
  /** The pane that fills the screen, if any. */
  readonly zoomed: Pane | null;
  readonly help: { readonly scroll: number } | null;
  readonly form: SignInForm | null;
  /** The output of the last typed line, shown over the forum until the next key. */
  readonly output: readonly string[] | null;
  readonly notice: Notice | null;
}

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
    chart: {
      instrument: null,
      series: null,
      range: '1y',
      mode: 'line',
      candles: [],
      currency: '',
      unit: 'each',
      isLoading: false,
      error: null,
      crosshair: null,
    },
    forum: { topic: null, topics: [], posts: [], isLoaded: false, hasMore: false, scroll: 0 },
    members: [],
    hasLoadedMembers: false,
    idleNames: [],
    files: { offers: [], transfers: [], selected: null, listings: [] },
    input: { text: '', cursor: 0, history: [], historyIndex: null, draft: '', candidates: [] },
    focus: 'input',
    zoomed: null,
    help: null,
    form: null,
    output: null,
    notice: null,
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
