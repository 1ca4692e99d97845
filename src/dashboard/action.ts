import type { Candle } from '../domain/candle.ts';
import type { Instant } from '../domain/instant.ts';
import type { Role } from '../domain/name.ts';
import type { Series } from '../domain/series.ts';
import type { Transfer } from '../domain/transfer.ts';
import type { Range } from '../repl/grammar.ts';
import type {
  ActiveMember,
  Choices,
  LinkState,
  Notice,
  Offer,
  Pane,
  Post,
  ProviderHealth,
  Quote,
  TopicState,
} from './state.ts';

/** A key as the terminal named it: `name` as blessed has it (`enter`, `up`, `f1`, `C-c` is `{name: 'c', ctrl: true}`). */
export interface Key {
  readonly name: string;
  /** The character that it types, if any. */
  readonly text?: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
  readonly shift?: boolean;
}

/** Closes of the last days before today of one series, oldest first. */
export interface Trend {
  readonly instrument: string;
  /** Left out by daemons that do not tell: the reference series. */
  readonly series?: Series;
  readonly closes: readonly number[];
}

/** Everything that can happen to the dashboard. */
export type Action =
  | { readonly type: 'tick'; readonly now: Instant }
  | { readonly type: 'resized'; readonly columns: number; readonly rows: number }
  | { readonly type: 'key'; readonly key: Key }
  /** Text that was pasted: never a command until Enter. */
  | { readonly type: 'pasted'; readonly text: string }
  /** A click or a turn of the wheel; `row` counts the content lines of the pane. */
  | {
      readonly type: 'clicked';
      readonly pane: Pane;
      readonly row: number;
      readonly column: number;
      readonly width: number;
      readonly height: number;
    }
  | { readonly type: 'wheel'; readonly pane: Pane; readonly by: number }
  /** `address`: of several servers the one in use. */
  | { readonly type: 'link'; readonly link: LinkState; readonly address?: string }
  | { readonly type: 'signedIn'; readonly name: string; readonly role: Role }
  /** `ask`: nothing can be read without an account, so one is asked for. */
  | { readonly type: 'signedOut'; readonly ask: boolean }
  | { readonly type: 'signInFailed'; readonly message: string; readonly reason: string }
  | { readonly type: 'providers'; readonly providers: readonly ProviderHealth[] }
  /** One quote an instrument, of the series that is shown. */
  | { readonly type: 'rates'; readonly quotes: readonly Quote[] }
  /** Of all instruments, also several series of one. */
  | { readonly type: 'trends'; readonly trends: readonly Trend[] }
  /** What the member chose earlier. */
  | { readonly type: 'choices'; readonly choices: Choices }
  /** The latest quotes of all series of a charted instrument, the reference series first: the next or previous is wanted. */
  | { readonly type: 'series'; readonly asked: string; readonly quotes: readonly Quote[]; readonly by: 1 | -1 }
  | { readonly type: 'quote'; readonly quote: Quote }
  | {
      readonly type: 'candles';
      readonly instrument: string;
      readonly range: Range;
      /** The series that was asked for; null: the reference series. */
      readonly choice: Series | null;
      /** The series of the answer, where the daemon tells. */
      readonly series: Series | null;
      readonly candles: readonly Candle[];
      readonly currency: string;
      readonly unit: string;
    }
  | { readonly type: 'chartFailed'; readonly instrument: string; readonly range: Range; readonly message: string }
  | { readonly type: 'posts'; readonly posts: readonly Post[]; readonly more: boolean; readonly older: boolean }
  | { readonly type: 'post'; readonly post: Post }
  | { readonly type: 'topics'; readonly topics: readonly TopicState[] }
  | { readonly type: 'members'; readonly members: readonly ActiveMember[] }
  | { readonly type: 'member'; readonly name: string; readonly change: 'joined' | 'left' | 'idle' | 'active' }
  /** Everything that waits for an answer, is on its way, or was. */
  | { readonly type: 'files'; readonly offers: readonly Offer[]; readonly transfers: readonly Transfer[] }
  | { readonly type: 'listings'; readonly names: readonly string[] }
  | { readonly type: 'listing'; readonly name: string; readonly change: 'published' | 'unpublished' }
  | { readonly type: 'answered'; readonly lines: readonly string[] }
  | { readonly type: 'notice'; readonly text: string; readonly tone: Notice['tone'] };

/** What the world is asked to do. Its outcome comes back as actions. */
export type Effect =
  /** A line of the input: a verb of the REPL, or a post. */
  | { readonly type: 'submit'; readonly line: string }
  | { readonly type: 'signIn' | 'signUp'; readonly name: string; readonly password: string; readonly takeOver: boolean }
  | { readonly type: 'loadChart'; readonly instrument: string; readonly range: Range }
  | { readonly type: 'loadSeries'; readonly instrument: string; readonly by: 1 | -1 }
  | { readonly type: 'saveChoice'; readonly instrument: string; readonly series: Series | null }
  | { readonly type: 'loadRates' }
  | { readonly type: 'loadTrends' }
  | { readonly type: 'loadPosts'; readonly before: number | null; readonly topic: string | null }
  | { readonly type: 'markRead'; readonly topic: string | null }
  /** A key of the transfers pane. */
  | { readonly type: 'answer'; readonly verb: 'accept' | 'decline' | 'cancel'; readonly id: number }
  | { readonly type: 'refresh' }
  | { readonly type: 'retry' }
  | { readonly type: 'suspend' }
  | { readonly type: 'redraw' }
  | { readonly type: 'quit' };

export interface Step<State> {
  readonly state: State;
  readonly effects: readonly Effect[];
}
