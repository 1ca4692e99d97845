import type { ReconnectingClient } from '../client/reconnecting-client.ts';
import { retryWhenBusy } from '../client/retry-when-busy.ts';
import { AppError } from '../domain/app-error.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';
import { executeCommand } from './execute-command.ts';
import type { FileCommandRunner } from './file-command-runner.ts';
import type { FileCommand, ParsedCommand, RpcCommand } from './grammar.ts';
import type { OutputFormat } from './output-format.ts';
import type { RpcCaller } from './rate-history.ts';
import { describeState } from './transfer-format.ts';

/** Retries on the daemon's rate limit: a script may be longer than one burst. */
const RETRY = { maxRetries: 20 };
const FILE_VERBS = new Set(['send', 'publish', 'unpublish', 'fetch', 'notify', 'accept', 'decline', 'cancel']);

export interface CommandRunnerOptions {
  readonly client: ReconnectingClient;
  /** Without it, file commands are not available. */
  readonly files: FileCommandRunner | undefined;
  readonly format: () => OutputFormat;
  /** Sender of SUM if nobody is signed in. */
  readonly user: string;
}

/** What a quit would interrupt. */
export interface QuitWarning {
  /** One line for each running transfer. */
  readonly transfers: readonly SafeText[];
  /** About posts and direct messages that wait, if any. */
  readonly unsent: SafeText | undefined;
  readonly advice: SafeText;
}

/** Runs the commands of shell and dashboard that need the daemon, and warns once before a quit interrupts transfers. */
export class CommandRunner {
  readonly #options: CommandRunnerOptions;
  readonly #rpc: RpcCaller;
  #hasWarned = false;

  constructor(options: CommandRunnerOptions) {
    this.#options = options;
    this.#rpc = createRpcCaller(options.client);
  }

  /** @param line its number, to report which lines of a script failed @returns the output */
  async run(command: RpcCommand | FileCommand, line = 0): Promise<SafeText[]> {
    const { files, format, user } = this.#options;
    if (!isFileCommand(command)) {
      return await retryWhenBusy(() => executeCommand(command, this.#rpc, format(), user), RETRY);
    }
    if (!files) throw new AppError('NOT_AVAILABLE', 'File transfers are not available here.');
    return await retryWhenBusy(() => files.execute(command, format(), line), RETRY);
  }

  /** What to show instead of quitting; undefined if the user may quit. */
  warnBeforeQuit(): QuitWarning | undefined {
    const transfers = this.#options.files?.activeTransfers ?? [];
    const unsent = this.describeUnsent();
    if ((transfers.length === 0 && !unsent) || this.#hasWarned) return undefined;
    this.#hasWarned = true;
    const advice =
      transfers.length === 0
        ? safeText`Repeat it to quit anyway.`
        : safeText`Repeat it to quit anyway. Partial downloads are kept and will resume.`;
    return { transfers: transfers.map(describeState), unsent, advice };
  }

  /** A sentence about posts and direct messages that no daemon has acknowledged; undefined: there are none. */
  describeUnsent(): SafeText | undefined {
    const { pendingPosts, keepsPosts, name } = this.#options.client;
    if (pendingPosts === 0) return undefined;
    const what = pendingPosts === 1 ? safeText`1 message is` : safeText`${pendingPosts} messages are`;
    if (!keepsPosts) return safeText`${what} not sent yet.`;
    const author = name === null ? safeText`you are` : safeText`${sanitizeText(name)} is`;
    const it = pendingPosts === 1 ? 'It is' : 'They are';
    return safeText`${what} not sent yet. ${it} kept, and sent the next time that ${author} signed in here.`;
  }
}

export function isFileCommand(command: ParsedCommand): command is FileCommand {
  return FILE_VERBS.has(command.verb);
}

/**
 * Posts and direct messages are sent again if the connection is lost meanwhile. Without a connection no call is started,
 * except those that outlive this process.
 */
function createRpcCaller(client: ReconnectingClient): RpcCaller {
  return {
    get name() {
      return client.name;
    },
    async call(method, params) {
      if (client.keepsPosts || client.state.kind === 'online') {
        if (method === 'forum.post') {
          const post = await client.post(params as MethodParams<'forum.post'>);
          return { post } as MethodResult<typeof method>;
        }
        if (method === 'messages.send') {
          return (await client.sendMessage(params as MethodParams<'messages.send'>)) as MethodResult<typeof method>;
        }
      }
      return await client.call(method, params);
    },
  };
}
