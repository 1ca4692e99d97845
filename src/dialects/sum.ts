import { AppError } from '../domain/app-error.ts';
import { sanitizeText } from '../domain/text.ts';
import { sumWithRandom } from '../room/sum.ts';
import { closingMessage } from './closing-message.ts';
import { decodeObject, type JsonObject } from './json-object.ts';
import {
  type DecodedRequest,
  FinalReply,
  type LegacyProtocol,
  type LegacyServices,
  type LegacySession,
  type OptionalReply,
  SessionBase,
} from './legacy-protocol.ts';

const MAX_NAME_CHARACTERS = 128;

/** One JSON object in, one out, close. A number outside 1-100 ends the listener, as in the original. */
export function sumProtocol(services: LegacyServices): LegacyProtocol {
  return {
    name: 'sum',
    maxRequestBytes: 4096,
    hasAccounts: false,
    /** For the whole request, not for its next byte: slow senders must not keep others out. */
    get timeoutMs() {
      return services.limits.helloMs;
    },
    recognizes: (first) => Object.hasOwn(first, 'client_name'),
    openSession: (client) => new SumSession(services, client),
  };
}

class SumSession extends SessionBase implements LegacySession<JsonObject> {
  /** Invalid bytes are handled like an invalid request: no reply. */
  decode(bytes: Buffer): DecodedRequest<JsonObject> | undefined {
    try {
      return decodeObject(bytes);
    } catch {
      return { request: {}, usedBytes: bytes.length };
    }
  }

  handle({ client_name: client, client_number: number }: JsonObject): OptionalReply {
    if (typeof client !== 'string' || typeof number !== 'number') throw new AppError('INVALID_REQUEST');
    const { serverName, log } = this.services;
    const name = sanitizeText(client).slice(0, MAX_NAME_CHARACTERS);
    let answer: { number: number; sum: number };
    try {
      answer = sumWithRandom(number);
    } catch {
      log.warn({ event: 'sum', client: name }, `Client int out of range: ${number}. Terminating the server.`);
      this.client.terminateProtocol();
      return new FinalReply();
    }
    log.info({ event: 'sum' }, `Client Name: ${name} | Server Name: ${serverName}`);
    log.info({ event: 'sum' }, `Client Number: ${number} | Server Number: ${answer.number} | Sum: ${answer.sum}`);
    // Spaced as Python's json.dumps does: users compare bytes.
    const own = JSON.stringify(serverName);
    return new FinalReply(`{"server_name": ${own}, "server_number": ${answer.number}, "sum": ${answer.sum}}`);
  }

  errorReply(): OptionalReply {
    return new FinalReply();
  }

  closingMessage(reason: string): string {
    return closingMessage(reason);
  }
}
