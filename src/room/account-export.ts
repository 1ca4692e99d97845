import { Failure } from '../domain/failure.ts';
import type { Listed } from '../domain/listing.ts';
import type { DirectMessage } from '../domain/message.ts';
import { nameKey } from '../domain/name.ts';
import type { Post } from '../domain/post.ts';
import { shown } from '../view/listings.ts';
import type { View } from '../view/view.ts';

export interface ExportPage {
  readonly posts: Post[];
  readonly messages: DirectMessage[];
  readonly listings: Listed[];
  /** For the next page; null: there is none. */
  readonly cursor: string | null;
}

/** Of one page. */
const FOUND = 200;
/** Posts that are looked at for one page: nobody else waits longer than a few milliseconds. */
const LOOKED_AT = 2000;

/** What the room keeps of one account, by the page: posts, then direct messages, then listings, each in its order. */
export class AccountExport {
  readonly #view: View;
  readonly #head: () => number;

  constructor(room: { view: View; head: () => number }) {
    this.#view = room.view;
    this.#head = room.head;
  }

  /**
   * @param wanted.messages whether the direct messages are part of it
   * @param wanted.cursor from the page before
   * @throws Failure INVALID_PARAMS
   */
  async page(
    name: string,
    { messages, cursor = 'posts:1' }: { messages: boolean; cursor?: string | undefined },
  ): Promise<ExportPage> {
    const [, part, place = ''] = /^(posts|messages|listings):(.*)$/su.exec(cursor) ?? [];
    const number = Number(place);
    const page: ExportPage = { posts: [], messages: [], listings: [], cursor: null };
    if (part === 'listings') return await this.#listings(name, place === '' ? undefined : place, page);
    if (part === undefined || !/^\d{1,15}$/.test(place)) {
      throw new Failure('INVALID_PARAMS', 'Expected the cursor that the page before gave.', {
        data: { field: 'cursor' },
      });
    }
    if (part === 'messages')
      return messages ? await this.#messages(name, number, page) : { ...page, cursor: 'listings:' };
    return this.#posts(name, number, page);
  }

  #posts(name: string, from: number, page: ExportPage): ExportPage {
    const { posts } = this.#view;
    const own = nameKey(name);
    const last = posts.newest;
    for (let number = Math.max(1, from); number <= last; number++) {
      if (page.posts.length === FOUND || number - from >= LOOKED_AT) return { ...page, cursor: `posts:${number}` };
      const post = posts.get(number);
      if (post && nameKey(post.member) === own) page.posts.push(post);
    }
    return { ...page, cursor: 'messages:0' };
  }

  async #messages(name: string, after: number, page: ExportPage): Promise<ExportPage> {
    for await (const message of this.#view.messages.after(name, after, this.#head())) {
      if (page.messages.length === FOUND) return { ...page, cursor: `messages:${page.messages.at(-1)!.seq}` };
      page.messages.push(message);
    }
    return { ...page, cursor: 'listings:' };
  }

  async #listings(name: string, after: string | undefined, page: ExportPage): Promise<ExportPage> {
    for await (const listing of this.#view.listings.of(name, after)) {
      if (page.listings.length === FOUND) return { ...page, cursor: `listings:${page.listings.at(-1)!.name}` };
      page.listings.push(shown(listing));
    }
    return page;
  }
}
