import { randomUUID } from 'node:crypto';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import type { Bus } from '../contract.ts';
import { LocalBus } from '../local/bus.ts';
import type { Names } from './names.ts';

type Listener = (message: unknown) => void;

/** Bus of several daemons, over core NATS: who listens here hears in the same turn, the others a moment later. */
export class NatsBus implements Bus {
  readonly #local = new LocalBus();
  readonly #names: Names;
  readonly #self = randomUUID();
  #connection: NatsConnection | undefined;
  #subscription: Subscription | undefined;

  constructor(names: Names) {
    this.#names = names;
  }

  start(connection: NatsConnection): void {
    this.#connection = connection;
    this.#subscription = connection.subscribe(this.#names.bus, {
      callback: (error, message) => {
        if (error !== null) return;
        let told: { from?: unknown; message?: unknown } | null;
        try {
          told = message.json();
        } catch {
          return; // nothing that a daemon has written
        }
        if (told?.from === this.#self) return;
        this.#local.publish(this.#names.topicOf(message.subject), told?.message);
      },
    });
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    this.#connection = undefined;
  }

  /** While the cluster cannot be reached, it is told here only: messages are of the moment. */
  publish(topic: string, message: unknown): void {
    this.#local.publish(topic, message);
    const connection = this.#connection;
    if (!connection || connection.isClosed() || connection.isDraining()) return;
    connection.publish(this.#names.topic(topic), JSON.stringify({ from: this.#self, message }));
  }

  subscribe(topic: string, listener: Listener): () => void {
    return this.#local.subscribe(topic, listener);
  }
}
