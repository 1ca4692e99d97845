import { Failure } from '../domain/failure.ts';
import { type Answer, type Conversation, type Dialect, type DialectRoom, Last } from './dialect.ts';
import {
  cutLine,
  EXISTS,
  GOLD_LINE,
  GOLD_REPLY,
  GREETING,
  HEADER,
  HELP,
  NOT_SIGNED_IN,
  NOTHING,
  parseCredentials,
  QUIT,
  REFUSED,
  REMOVED,
  results,
  SIGN_IN,
  SIGN_UP,
  signedIn,
  signedUp,
  TYPO,
} from './gold-wire.ts';
import type { Guest } from './guest.ts';

/** The gold seed: accounts, and the rates of a day. */
export function goldDialect(room: DialectRoom): Dialect {
  return {
    name: 'gold',
    secrets: 'passwords',
    replyBytes: GOLD_REPLY,
    requestBytes: HEADER + GOLD_LINE,
    signsIn: true,
    get patienceMs() {
      return room.limits.signInMs;
    },
    converse: (guest) => new GoldConversation(room, guest),
  };
}

class GoldConversation implements Conversation<string> {
  readonly greeting = GREETING;
  readonly #room: DialectRoom;
  readonly #guest: Guest;
  /** What a line that is no key word is. */
  #expects: 'nothing' | 'signIn' | 'signUp' | 'lookUp' = 'nothing';
  #begun = false;

  constructor(room: DialectRoom, guest: Guest) {
    this.#room = room;
    this.#guest = guest;
  }

  cut(bytes: Buffer) {
    return cutLine(bytes);
  }

  answer(line: string): Answer | Promise<Answer> {
    const isFirst = !this.#begun;
    this.#begun = true;
    // The client sends an empty line before it reads the greeting.
    if (isFirst && line === '') return undefined;
    switch (line.trim()) {
      case '-quit':
        return new Last(QUIT);
      case '-help':
        return HELP;
      case '-signin':
        this.#expects = 'signIn';
        return SIGN_IN;
      case '-signup':
        this.#expects = 'signUp';
        return SIGN_UP;
      default:
        return this.#take(line);
    }
  }

  refuse({ code, message }: Failure): Answer {
    switch (code) {
      case 'WRONG_PASSWORD':
      case 'NO_SUCH_ACCOUNT':
        return REFUSED;
      case 'ACCOUNT_EXISTS':
        return EXISTS;
      case 'INVALID_REQUEST':
        return this.#expects === 'signUp' ? `${message}\nOr type again: ` : REFUSED;
      default:
        return message;
    }
  }

  farewell(): string {
    return REMOVED;
  }

  async #take(line: string): Promise<Answer> {
    if (this.#expects === 'nothing') return NOT_SIGNED_IN;
    if (this.#expects === 'lookUp') return await this.#lookUp(line);
    const credentials = parseCredentials(line);
    if (!credentials) return TYPO;
    const { name, password } = credentials;
    const up = this.#expects === 'signUp';
    const member = await (up ? this.#guest.signUp(name, password) : this.#guest.signIn(name, password));
    this.#expects = 'lookUp';
    return up ? signedUp(member.name) : signedIn(member.name);
  }

  async #lookUp(line: string): Promise<Answer> {
    const [, date, type] = /^(\S+) +(.+)$/s.exec(line) ?? [];
    if (date === undefined || type === undefined) return TYPO;
    try {
      const { rates } = this.#room;
      return results((await rates.lookup(date, type.trim())).quotes);
    } catch (thrown) {
      const { code } = Failure.from(thrown);
      if (code === 'NOT_FOUND' || code === 'INVALID_PARAMS') return NOTHING;
      throw thrown;
    }
  }
}
