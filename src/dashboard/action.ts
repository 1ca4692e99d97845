import type { Role } from '../domain/account.ts';
import type { Candle } from '../domain/candle.ts';
import type { Series } from '../domain/series.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Transfer } from '../domain/transfer.ts';
import type { ParsedCommand } from '../repl/grammar.ts';
import type {
  ChartRequest,
  ConnectionStatus,
  ConversationState,
  DirectMessage,
  ForumPost,
  ForumView,
  IncomingOffer,
  Notice,
  OnlineMember,
  Pane,
  ProviderStatus,
  RateQuote,
  SeriesByInstrument,
  State,
  TopicState,
} from './state.ts';

/** A pressed key. `name` is blessed's name for it: `enter`, `up`, `f1`; Ctrl-C is `{name: 'c', ctrl: true}`. */
export interface KeyPress {
  readonly name: string;
  /** The character that the key types, if any. */
  readonly text?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
  readonly shift?: boolean;
}

/** The daily closes of one series before today, oldest first. */
export interface Trend {
  readonly instrument: string;
  /** Absent: the reference series. Older daemons do not send it. */
  readonly series?: Series;
  readonly closes: readonly number[];
}

/** Which posts to load of a view: the newest, those before or after a number, or those around one. */
export interface PostsRequest {
  readonly before: number | null;
  readonly topic: string | null;
  readonly after?: number;
  readonly around?: number;
  /** Default: the topic. */
  readonly view?: ForumView;
}

export interface PostPage {
  readonly type: 'posts';
  readonly posts: readonly ForumPost[];
  /** There are more in the direction of reading. */
  readonly more: boolean;
  /** They precede posts that are held. */
  readonly older: boolean;
  /** They follow posts that are held. */
  readonly newer?: boolean;
  /** They surround a post, and replace what is held. */
  readonly around?: { readonly number: number; readonly hasNewer: boolean };
}

/** Everything that can change the state of the dashboard. */
export type DashboardAction =
  | { readonly type: 'tick'; readonly now: EpochMs }
  | { readonly type: 'resize'; readonly columns: number; readonly rows: number }
  /** What the terminal turned out to show: only ASCII in frames and charts, or more. */
  | { readonly type: 'glyphs'; readonly unicode: boolean }
  | { readonly type: 'key'; readonly key: KeyPress }
  /** Pasted text runs no key command and no line until Enter. */
  | { readonly type: 'paste'; readonly text: string }
  /** `row` and `column` count from the content of the pane; `width` and `height` are its size. */
  | {
      readonly type: 'click';
      readonly pane: Pane;
      readonly row: number;
      readonly column: number;
      readonly width: number;
      readonly height: number;
    }
  | { readonly type: 'wheel'; readonly pane: Pane; readonly by: number }
  /** `address`: the server in use, if there are several. */
  | { readonly type: 'connection'; readonly connection: ConnectionStatus; readonly address?: string }
  | { readonly type: 'signedIn'; readonly name: string; readonly role: Role }
  /** `ask`: the daemon answers signed-in members only, so the sign-in form opens. */
  | { readonly type: 'signedOut'; readonly ask: boolean }
  | { readonly type: 'signInFailed'; readonly message: string; readonly reason: string }
  | { readonly type: 'providers'; readonly providers: readonly ProviderStatus[] }
  /** One quote per instrument, of the series that is shown. */
  | { readonly type: 'rates'; readonly quotes: readonly RateQuote[] }
  /** Trends of all instruments; an instrument may have several. */
  | { readonly type: 'trends'; readonly trends: readonly Trend[] }
  /** The series that the member chose earlier. */
  | { readonly type: 'choices'; readonly choices: SeriesByInstrument }
  | { readonly type: 'watchList'; readonly instruments: readonly string[] }
  /** The latest quote of each series of `asked`, reference series first. `by`: which neighbour to show. */
  | { readonly type: 'series'; readonly asked: string; readonly quotes: readonly RateQuote[]; readonly by: 1 | -1 }
  | { readonly type: 'quote'; readonly quote: RateQuote }
  | (ChartRequest & {
      readonly type: 'candles';
      /** The requested series; null: the reference series. */
      readonly choice: Series | null;
      /** The series of the candles; null: the daemon does not send it. */
      readonly series: Series | null;
      readonly candles: readonly Candle[];
      readonly currency: string;
      readonly unit: string;
      /** Of the instrument in `versus`, or why there are none. */
      readonly versusCandles?: readonly Candle[];
      readonly versusError?: string;
    })
  | (ChartRequest & { readonly type: 'chartFailed'; readonly message: string })
  /** A page of the view that was requested. */
  | PostPage
  | { readonly type: 'post'; readonly post: ForumPost }
  | { readonly type: 'directMessage'; readonly message: DirectMessage }
  | { readonly type: 'conversations'; readonly conversations: readonly ConversationState[] }
  | { readonly type: 'topics'; readonly topics: readonly TopicState[] }
  | { readonly type: 'members'; readonly members: readonly OnlineMember[] }
  | { readonly type: 'member'; readonly name: string; readonly change: 'joined' | 'left' | 'idle' | 'active' }
  | { readonly type: 'role'; readonly name: string; readonly role: Role }
  /** All pending offers, and all running and finished transfers. */
  | { readonly type: 'files'; readonly offers: readonly IncomingOffer[]; readonly transfers: readonly Transfer[] }
  | { readonly type: 'listings'; readonly names: readonly string[] }
  | { readonly type: 'listing'; readonly name: string; readonly change: 'published' | 'unpublished' }
  | { readonly type: 'output'; readonly lines: readonly string[] }
  /** Lines of earlier sessions, oldest first. */
  | { readonly type: 'history'; readonly lines: readonly string[] }
  /** The text that the member wrote in an external editor. */
  | { readonly type: 'edited'; readonly text: string }
  | { readonly type: 'notice'; readonly text: string; readonly tone: Notice['tone'] };

export type ActionOf<Type extends DashboardAction['type']> = Extract<DashboardAction, { type: Type }>;

/** A typed command that the controller runs. The reducer handles the others. */
export type RunnableCommand = Exclude<ParsedCommand, { verb: 'nothing' | 'help' | 'quit' | 'signIn' | 'signUp' }>;

/** What the controller does on behalf of the reducer. Results come back as actions. */
export type Effect =
  | { readonly type: 'runCommand'; readonly command: RunnableCommand }
  | { readonly type: 'signIn' | 'signUp'; readonly name: string; readonly password: string; readonly takeOver: boolean }
  | (ChartRequest & { readonly type: 'loadChart' })
  | { readonly type: 'loadSeries'; readonly instrument: string; readonly by: 1 | -1 }
  | { readonly type: 'saveChoice'; readonly instrument: string; readonly series: Series | null }
  | { readonly type: 'saveWatchList'; readonly instruments: readonly string[] }
  | ({ readonly type: 'loadPosts' } & PostsRequest)
  | { readonly type: 'markRead'; readonly topic: string | null }
  | { readonly type: 'markMessagesRead'; readonly member: string; readonly number: number }
  /** To the clipboard, by the terminal. */
  | { readonly type: 'copy'; readonly text: string }
  | { readonly type: 'saveHistory'; readonly line: string }
  /** Opens $EDITOR on a text. */
  | { readonly type: 'openEditor'; readonly text: string }
  | { readonly type: 'answerTransfer'; readonly verb: 'accept' | 'decline' | 'cancel'; readonly id: number }
  | { readonly type: 'loadRates' | 'loadTrends' | 'refresh' | 'retry' | 'suspend' | 'redraw' | 'quit' };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}
