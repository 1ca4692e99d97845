import { Failure } from '../domain/failure.ts';
import { plain } from '../domain/fold.ts';
import { sum } from '../room/sum.ts';
import { closingMessage } from './closing-message.ts';
import { type Answer, type Conversation, type Cut, type Dialect, type DialectRoom, Last } from './dialect.ts';
import type { Guest } from './guest.ts';
import { cutObject } from './json-object.ts';

type Asked = Readonly<Record<string, unknown>>;

const NAME_CHARACTERS = 128;

/**
 * The sum seed: one JSON object in, one out, close. A number out of 1-100 ends the listener (never the daemon), as it
 * ended the original.
 */
export function sumDialect(room: DialectRoom): Dialect {
  return {
    name: 'sum',
    requestBytes: 4096,
    signsIn: false,
    /** For all of it, not for its next byte: who drips must not keep others out. */
    get patienceMs() {
      return room.limits.helloMs;
    },
    owns: (first) => Object.hasOwn(first, 'client_name'),
    converse: (guest) => new SumConversation(room, guest),
  };
}

class SumConversation implements Conversation<Asked> {
  readonly #room: DialectRoom;
  readonly #guest: Guest;

  constructor(room: DialectRoom, guest: Guest) {
    this.#room = room;
    this.#guest = guest;
  }

  /** Bytes that begin no object are a wrong request like others: none gets a reply. */
  cut(bytes: Buffer): Cut<Asked> | undefined {
    try {
      return cutObject(bytes);
    } catch {
      return { request: {}, used: bytes.length };
    }
  }

  answer({ client_name: client, client_number: number }: Asked): Answer {
    if (typeof client !== 'string' || typeof number !== 'number') throw new Failure('INVALID_REQUEST');
    const { serverName, log } = this.#room;
    const name = plain(client).slice(0, NAME_CHARACTERS);
    let answer: { number: number; sum: number };
    try {
      answer = sum(number);
    } catch {
      log.warn({ event: 'sum', client: name }, `Client int out of range: ${number}. Terminating the server.`);
      this.#guest.terminate();
      return new Last();
    }
    log.info({ event: 'sum' }, `Client Name: ${name} | Server Name: ${serverName}`);
    log.info({ event: 'sum' }, `Client Number: ${number} | Server Number: ${answer.number} | Sum: ${answer.sum}`);
    // Spaced as Python's json.dumps spaces it, whose users compare bytes.
    const own = JSON.stringify(serverName);
    return new Last(`{"server_name": ${own}, "server_number": ${answer.number}, "sum": ${answer.sum}}`);
  }

  refuse(): Answer {
    return new Last();
  }

  farewell(reason: string): string {
    return closingMessage(reason);
  }
}
