import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../src/client/client.ts';
import { ReconnectingClient } from '../../src/client/reconnecting-client.ts';
import { localTarget } from '../../src/client/target.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import type { MethodResult } from '../../src/protocol/methods.ts';

type Post = MethodResult<'forum.post'>['post'];

/** A client that posts without pause, and records acknowledged and received posts. */
export class Poster {
  readonly name: string;
  readonly link: ReconnectingClient;
  readonly acknowledged: Post[] = [];
  readonly heard: Post[] = [];
  readonly trouble: unknown[] = [];
  returns = -1;
  written = 0;
  readonly #onAcknowledged: () => void;

  constructor(name: string, connected: Client, onAcknowledged: () => void) {
    this.name = name;
    this.#onAcknowledged = onAcknowledged;
    this.link = new ReconnectingClient({
      target: connected.target,
      home: connected.home,
      initialClient: connected,
      subscription: { forum: true },
      onOnline: () => {
        this.returns += 1;
      },
      onSignedOut: (failure) => this.trouble.push(failure ?? 'signed out'),
      onSubscriptionRejected: (failure) => this.trouble.push(failure),
    });
    this.link.on('post', ({ post }) => this.heard.push(post));
  }

  /** Up to three posts are pending at a time. */
  async write(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(Array.from({ length: 3 }, () => this.#post()));
      await sleep(10);
    }
  }

  async #post(): Promise<void> {
    try {
      this.acknowledged.push(await this.link.post({ text: `${this.name} ${this.written++}` }));
      this.#onAcknowledged();
    } catch (thrown) {
      this.trouble.push(thrown);
    }
  }
}

/** The posts that the daemon of a home returns. */
export async function everyPost(home: HomeDirectory): Promise<Post[]> {
  const client = await Client.connect({ target: localTarget(home), home });
  const all: Post[] = [];
  try {
    for (let sinceSeq = 0, more = true; more; ) {
      const page = await client.call('forum.read', { sinceSeq, limit: 200 });
      all.push(...page.posts);
      ({ seq: sinceSeq, more } = page);
    }
  } finally {
    await client.close();
  }
  return all;
}
