import { randomUUID } from 'node:crypto';
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { LocalBus } from '../local/bus.ts';
import type { MessageBus } from '../types.ts';
import type { Subjects } from './subjects.ts';

type Listener = (message: unknown) => void;

/** Message bus of several daemons over core NATS. Local subscribers receive messages synchronously. */
export class NatsBus implements MessageBus {
  readonly #local = new LocalBus();
  readonly #subjects: Subjects;
  readonly #senderId = randomUUID();
  #connection: NatsConnection | undefined;
  #subscription: Subscription | undefined;

  constructor(subjects: Subjects) {
    this.#subjects = subjects;
  }

  start(connection: NatsConnection): void {
    this.#connection = connection;
    this.#subscription = connection.subscribe(this.#subjects.bus, {
      callback: (error, message) => {
        if (error !== null) return;
        let envelope: { from?: unknown; message?: unknown } | null;
        try {
          envelope = message.json();
        } catch {
          return; // not written by a daemon
        }
        if (envelope?.from === this.#senderId) return;
        this.#local.publish(this.#subjects.topicOf(message.subject), envelope?.message);
      },
    });
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    this.#connection = undefined;
  }

  /** While the cluster is unreachable, only local subscribers receive messages: they are ephemeral. */
  publish(topic: string, message: unknown): void {
    this.#local.publish(topic, message);
    const connection = this.#connection;
    if (!connection || connection.isClosed() || connection.isDraining()) return;
    connection.publish(this.#subjects.busSubject(topic), JSON.stringify({ from: this.#senderId, message }));
  }

  subscribe(topic: string, listener: Listener): () => void {
    return this.#local.subscribe(topic, listener);
  }
}
