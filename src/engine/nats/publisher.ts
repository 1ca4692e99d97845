import type { Msg, MsgHdrs, NatsConnection, Subscription } from '@nats-io/transport-node';

export interface PublisherOptions {
  readonly connection: NatsConnection;
  readonly headers: () => MsgHdrs;
  readonly inbox: string;
}

export interface PublishRequest {
  readonly subject: string;
  readonly payload: string;
  /** Lets the stream recognise duplicates. */
  readonly id: string;
  readonly expectedSeq: number | undefined;
  readonly timeoutMs: number;
}

/** The stream rejected a message, or nobody replied. */
export class PublishError extends Error {
  /** JetStream's error code; undefined when the error is not from the stream. */
  readonly code: number | undefined;
  readonly status: number;

  constructor(message: string, status: number, code?: number) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface PendingPublish {
  resolve(seq: number): void;
  reject(error: unknown): void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Publishes to a stream. The client's own `publish` creates two errors with stack traces per message, in case one is
 * needed, which took as long as the rest of an append.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #pending = new Map<string, PendingPublish>();
  #subscription: Subscription | undefined;
  #count = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  start(): void {
    const { connection, inbox } = this.#options;
    this.#subscription = connection.subscribe(`${inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#onReply(message);
      },
    });
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    for (const reply of [...this.#pending.keys()]) this.#takePending(reply)?.reject(noReplyError());
  }

  /** @returns sequence number; 0 if an earlier attempt is in process (nats-server before 2.12) @throws PublishError */
  publish({ subject, payload, id, expectedSeq, timeoutMs }: PublishRequest): Promise<number> {
    const { connection, inbox, headers: createHeaders } = this.#options;
    const headers = createHeaders();
    headers.set('Nats-Msg-Id', id);
    if (expectedSeq !== undefined) headers.set('Nats-Expected-Last-Subject-Sequence', `${expectedSeq}`);
    this.#count += 1;
    const reply = `${inbox}.${this.#count}`;
    return new Promise((resolve, reject) => {
      connection.publish(subject, payload, { reply, headers });
      const timer = setTimeout(() => this.#takePending(reply)?.reject(noReplyError()), timeoutMs);
      this.#pending.set(reply, { resolve, reject, timer });
    });
  }

  #onReply(message: Msg): void {
    const pending = this.#takePending(message.subject);
    if (!pending) return; // too late
    try {
      const { code: status = 0, description } = message.headers ?? {};
      if (status >= 400) throw new PublishError(description ?? '', status); // no subscriber
      const { seq, error } = message.json<{
        seq?: number;
        error?: { code: number; err_code?: number; description: string };
      }>();
      if (error) throw new PublishError(error.description, error.code, error.err_code);
      pending.resolve(seq ?? 0);
    } catch (error) {
      pending.reject(error);
    }
  }

  #takePending(reply: string): PendingPublish | undefined {
    const pending = this.#pending.get(reply);
    if (!pending) return undefined;
    clearTimeout(pending.timer);
    this.#pending.delete(reply);
    return pending;
  }
}

function noReplyError(): PublishError {
  return new PublishError('no response', 408);
}
