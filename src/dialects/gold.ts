import { AppError } from '../domain/app-error.ts';
import {
  ACCOUNT_EXISTS,
  CONNECTION_REMOVED,
  decodeLine,
  GOLD_HEADER_BYTES,
  GOLD_LINE_BYTES,
  GREETING,
  HELP,
  INVALID_INPUT,
  MAX_GOLD_REPLY_BYTES,
  NO_RESULTS,
  NOT_SIGNED_IN,
  parseGoldCredentials,
  QUIT_REPLY,
  resultsReply,
  SIGN_IN_PROMPT,
  SIGN_IN_REFUSED,
  SIGN_UP_PROMPT,
  signedInReply,
  signedUpReply,
} from './gold-wire.ts';
import {
  FinalReply,
  type LegacyProtocol,
  type LegacyServices,
  type LegacySession,
  type OptionalReply,
  SessionBase,
} from './legacy-protocol.ts';

/** The gold protocol: accounts, and the rates of a date. */
export function goldProtocol(services: LegacyServices): LegacyProtocol {
  return {
    name: 'gold',
    clearTextSecrets: 'passwords',
    maxReplyBytes: MAX_GOLD_REPLY_BYTES,
    maxRequestBytes: GOLD_HEADER_BYTES + GOLD_LINE_BYTES,
    hasAccounts: true,
    get timeoutMs() {
      return services.limits.signInMs;
    },
    openSession: (client) => new GoldSession(services, client),
  };
}

class GoldSession extends SessionBase implements LegacySession<string> {
  readonly greeting = GREETING;
  /** The meaning of a line that is not a keyword. */
  #expects: 'nothing' | 'signIn' | 'signUp' | 'lookUp' = 'nothing';
  #hasStarted = false;

  decode(bytes: Buffer) {
    return decodeLine(bytes);
  }

  handle(line: string): OptionalReply | Promise<OptionalReply> {
    const isFirst = !this.#hasStarted;
    this.#hasStarted = true;
    // The client sends an empty line before it reads the greeting.
    if (isFirst && line === '') return undefined;
    switch (line.trim()) {
      case '-quit':
        return new FinalReply(QUIT_REPLY);
      case '-help':
        return HELP;
      case '-signin':
        this.#expects = 'signIn';
        return SIGN_IN_PROMPT;
      case '-signup':
        this.#expects = 'signUp';
        return SIGN_UP_PROMPT;
      default:
        return this.#handleInput(line);
    }
  }

  errorReply({ code, message }: AppError): OptionalReply {
    switch (code) {
      case 'WRONG_PASSWORD':
      case 'NO_SUCH_ACCOUNT':
        return SIGN_IN_REFUSED;
      case 'ACCOUNT_EXISTS':
        return ACCOUNT_EXISTS;
      case 'INVALID_REQUEST':
        return this.#expects === 'signUp' ? `${message}\nOr type again: ` : SIGN_IN_REFUSED;
      default:
        return message;
    }
  }

  closingMessage(): string {
    return CONNECTION_REMOVED;
  }

  async #handleInput(line: string): Promise<OptionalReply> {
    if (this.#expects === 'nothing') return NOT_SIGNED_IN;
    if (this.#expects === 'lookUp') return await this.#lookUp(line);
    const credentials = parseGoldCredentials(line);
    if (!credentials) return INVALID_INPUT;
    const { name, password } = credentials;
    const isSignUp = this.#expects === 'signUp';
    const member = await (isSignUp ? this.client.signUp(name, password) : this.client.signIn(name, password));
    this.#expects = 'lookUp';
    return isSignUp ? signedUpReply(member.name) : signedInReply(member.name);
  }

  async #lookUp(line: string): Promise<OptionalReply> {
    const [, date, type] = /^(\S+) +(.+)$/s.exec(line) ?? [];
    if (date === undefined || type === undefined) return INVALID_INPUT;
    try {
      const { rates } = this.services;
      return resultsReply((await rates.quotesOn(date, type.trim())).quotes);
    } catch (thrown) {
      const { code } = AppError.from(thrown);
      if (code === 'NOT_FOUND' || code === 'INVALID_PARAMS') return NO_RESULTS;
      throw thrown;
    }
  }
}
