import type { Candle } from '../domain/candle.ts';
import type { Instant } from '../domain/instant.ts';
import type { Role } from '../domain/name.ts';
import type { Series } from '../domain/series.ts';
import type { Transfer } from '../domain/transfer.ts';
import type { Result } from '../protocol/methods.ts';
import type { Range } from '../repl/grammar.ts';

export type Quote = Result<'rates.list'>['quotes'][number];
export type Post = Result<'forum.read'>['posts'][number];
export type ActiveMember = Result<'members.active'>['members'][number];
export type ProviderHealth = Result<'rates.providers'>['providers'][number];

/** The panes that can have the focus, in the order in which Tab goes round. */
export const PANES = ['input', 'rates', 'chart', 'forum', 'members', 'transfers'] as const;
export type Pane = (typeof PANES)[number];

export const THEMES = ['dark', 'light', 'contrast', 'plain'] as const;
export type ThemeName = (typeof THEMES)[number];

export type LinkState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'online' }
  | { readonly phase: 'offline'; readonly since: Instant; readonly nextTryAt: Instant | null; readonly reason: string }
  | { readonly phase: 'ended'; readonly reason: string };

/** Which series of an instrument a member wants to see, by the instrument's id; of others the reference series. */
export type Choices = ReadonlyMap<string, Series>;

/** Each choice costs a call of its own whenever the rates are read. */
const MAX_CHOICES = 32;

/** One line of the rates table: the reference series of an instrument, or the one that the member chose. */
export interface Rate {
  readonly quote: Quote;
  /** Closes of the same series, of the last days before today, oldest first: the sparkline, and the base of the change. */
  readonly closes: readonly number[];
  /** When the price last moved before our eyes: it lights up for a moment. */
  readonly movedAt: Instant | null;
  /** Which way it moved then. */
  readonly direction: -1 | 0 | 1;
}

export interface ChartState {
  readonly instrument: string | null;
  /** The series of `candles`; null where that is not known. */
  readonly series: Series | null;
  readonly range: Range;
  readonly mode: 'line' | 'candles';
  readonly candles: readonly Candle[];
  readonly currency: string;
  readonly unit: string;
  readonly loading: boolean;
  readonly error: string | null;
  /** The candle under the crosshair, counted from the newest one (0); null: no crosshair. */
  readonly crosshair: number | null;
}

export interface TopicState {
  readonly topic: string;
  readonly unread: number;
  readonly mentions: number;
}

export interface ForumState {
  /** Shown topic; null: all. */
  readonly topic: string | null;
  readonly topics: readonly TopicState[];
  /** By number, oldest first; bounded. */
  readonly posts: readonly Post[];
  readonly loaded: boolean;
  readonly more: boolean;
  /** Lines scrolled up from the newest. */
  readonly scroll: number;
}

/** Names of a sign-in form's fields, in the order in which Tab goes round. */
export type FormField = 'name' | 'password';

export interface SignInForm {
  readonly kind: 'signIn' | 'signUp';
  readonly field: FormField;
  readonly name: string;
  readonly password: string;
  readonly busy: boolean;
  readonly error: string | null;
  /** The account is signed in elsewhere: the next try takes over. */
  readonly takeOver: boolean;
}

export interface InputState {
  readonly text: string;
  /** In characters (code points). */
  readonly cursor: number;
  /** Lines sent, oldest first. */
  readonly history: readonly string[];
  /** Place in history while it is walked, from the newest (0); null: not walking. */
  readonly walking: number | null;
  /** What was being typed when the walk began. */
  readonly draft: string;
  /** Completions of what is typed, when Tab was pressed and there are several. */
  readonly candidates: readonly string[];
}

/** What a member wants to send, and nobody has answered. `id` is the number of its transfer. */
export interface Offer {
  readonly id: number;
  readonly member: string;
  readonly name: string;
  readonly size: number;
  readonly files: number;
}

export interface FilesState {
  readonly offers: readonly Offer[];
  /** Those under way by their number, then those that are over, the newest first; bounded. No offers. */
  readonly transfers: readonly Transfer[];
  /** Number of the one that keys are about; null: the first. */
  readonly selected: number | null;
  /** Names of published files, for completion; bounded. */
  readonly listings: readonly string[];
}

export interface Notice {
  readonly text: string;
  readonly tone: 'info' | 'good' | 'bad';
  readonly at: Instant;
}

/** Everything that the screen shows, and nothing else: presentation is a function of it. */
export interface State {
  readonly columns: number;
  readonly rows: number;
  /** Moves once a second. */
  readonly now: Instant;
  readonly address: string;
  readonly link: LinkState;
  readonly member: { readonly name: string; readonly role: Role } | null;
  readonly providers: readonly ProviderHealth[];
  /** By market and id. */
  readonly rates: readonly Rate[];
  readonly ratesLoaded: boolean;
  readonly choices: Choices;
  readonly selected: string | null;
  readonly chart: ChartState;
  readonly forum: ForumState;
  readonly members: readonly ActiveMember[];
  readonly membersLoaded: boolean;
  /** Names that fell idle. */
  readonly idle: readonly string[];
  readonly files: FilesState;
  readonly input: InputState;
  readonly focus: Pane;
  /** A pane that fills the screen. */
  readonly zoomed: Pane | null;
  readonly help: { readonly scroll: number } | null;
  readonly form: SignInForm | null;
  /** What the last typed line answered, shown over the forum until the next key. */
  readonly answer: readonly string[] | null;
  readonly notice: Notice | null;
  readonly theme: ThemeName;
  /** The terminal can show more than ASCII. */
  readonly unicode: boolean;
}

export interface Surroundings {
  readonly columns: number;
  readonly rows: number;
  readonly now: Instant;
  readonly address: string;
  readonly theme: ThemeName;
  readonly unicode: boolean;
}

export function initialState(surroundings: Surroundings): State {
  return {
    ...surroundings,
    link: { phase: 'connecting' },
    member: null,
    providers: [],
    rates: [],
    ratesLoaded: false,
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
      loading: false,
      error: null,
      crosshair: null,
    },
    forum: { topic: null, topics: [], posts: [], loaded: false, more: false, scroll: 0 },
    members: [],
    membersLoaded: false,
    idle: [],
    files: { offers: [], transfers: [], selected: null, listings: [] },
    input: { text: '', cursor: 0, history: [], walking: null, draft: '', candidates: [] },
    focus: 'input',
    zoomed: null,
    help: null,
    form: null,
    answer: null,
    notice: null,
  };
}

/** The change of a rate since the last close before today, as a fraction; undefined where that is not known. */
export function changeOf({ quote, closes }: Rate): number | undefined {
  const before = closes.at(-1);
  const price = quote.sell ?? quote.buy;
  return before === undefined || before === 0 || price === null ? undefined : (price - before) / before;
}

/** Null: the reference series again. The newest choice stands last; the oldest gives way. */
export function withChoice(choices: Choices, instrument: string, series: Series | null): Choices {
  const others = [...choices].filter(([id]) => id !== instrument);
  return new Map(series === null ? others : [...others, [instrument, series] as const].slice(-MAX_CHOICES));
}
