import type { Msg, MsgHdrs, NatsConnection, Subscription } from '@nats-io/transport-node';

export interface PublisherOptions {
  readonly connection: NatsConnection;
  /** Of the client's package. */
  readonly headers: () => MsgHdrs;
  /** A subject of this client's own. */
  readonly inbox: string;
}

export interface Publication {
  readonly subject: string;
  readonly payload: string;
  /** By which the stream knows it again. */
  readonly id: string;
  /** Seq of the last message of that subject. */
  readonly expect: number | undefined;
  readonly timeoutMs: number;
}

/** The stream refuses a message, or nobody answers. */
export class PublishError extends Error {
  /** JetStream's own number; undefined where not the stream said it. */
  readonly code: number | undefined;
  /** As of HTTP. */
  readonly status: number;

  constructor(message: string, status: number, code?: number) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Waiting {
  resolve(seq: number): void;
  reject(error: unknown): void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Publishes into a stream. The client's own `publish` makes a request with two errors, traces and all, for every message, in
 * case one is needed: that took as long as all else that an append does here.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #waiting = new Map<string, Waiting>();
  #subscription: Subscription | undefined;
  #count = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  start(): void {
    const { connection, inbox } = this.#options;
    this.#subscription = connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answered(message);
      },
    });
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    for (const reply of [...this.#waiting.keys()]) this.#take(reply)?.reject(unanswered());
  }

  /** @returns its seq in the stream; 0 where an earlier try is on its way (nats-server before 2.12) @throws PublishError */
  publish({ subject, payload, id, expect, timeoutMs }: Publication): Promise<number> {
    const { connection, inbox, headers: make } = this.#options;
    const headers = make();
    headers.set('Nats-Msg-Id', id);
    if (expect !== undefined) headers.set('Nats-Expected-Last-Subject-Sequence', `${expect}`);
    this.#count += 1;
    const reply = `${inbox}.${this.#count}`;
    return new Promise((resolve, reject) => {
      connection.publish(subject, payload, { reply, headers });
      const timer = setTimeout(() => this.#take(reply)?.reject(unanswered()), timeoutMs);
      this.#waiting.set(reply, { resolve, reject, timer });
    });
  }

  #answered(message: Msg): void {
    const waiting = this.#take(message.subject);
    if (!waiting) return; // too late
    try {
      const { code: status = 0, description } = message.headers ?? {};
      if (status >= 400) throw new PublishError(description ?? '', status); // nobody listens there
      const { seq, error } = message.json<{
        seq?: number;
        error?: { code: number; err_code?: number; description: string };
      }>();
      if (error) throw new PublishError(error.description, error.code, error.err_code);
      waiting.resolve(seq ?? 0);
    } catch (error) {
      waiting.reject(error);
    }
  }

  #take(reply: string): Waiting | undefined {
    const waiting = this.#waiting.get(reply);
    if (!waiting) return undefined;
    clearTimeout(waiting.timer);
    this.#waiting.delete(reply);
    return waiting;
  }
}

function unanswered(): PublishError {
  return new PublishError('nobody answered', 408);
}
