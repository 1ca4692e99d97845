import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import type { DirectMessage } from '../domain/direct-message.ts';
import type { FileListing } from '../domain/file-listing.ts';
import type { Post } from '../domain/post.ts';
import { toFileListing } from '../projections/listings.ts';
import type { ReadModel } from '../projections/read-model.ts';

export interface AccountExportPage {
  readonly posts: Post[];
  readonly messages: DirectMessage[];
  readonly listings: FileListing[];
  readonly cursor: string | null;
}

const PAGE_SIZE = 200;
/** Posts scanned per page, so that a page blocks the event loop for a few ms only. */
const MAX_SCANNED_POSTS = 2000;

/** Exports the data of one account in pages: posts, then direct messages, then listings. */
export class AccountDataExport {
  readonly #readModel: ReadModel;
  readonly #head: () => number;

  constructor(room: { readModel: ReadModel; head: () => number }) {
    this.#readModel = room.readModel;
    this.#head = room.head;
  }

  /**
   * @param wanted.messages whether to include direct messages
   * @param wanted.cursor from the previous page
   * @throws AppError INVALID_PARAMS
   */
  async page(
    name: string,
    { messages, cursor = 'posts:1' }: { messages: boolean; cursor?: string | undefined },
  ): Promise<AccountExportPage> {
    const [, section, position = ''] = /^(posts|messages|listings):(.*)$/su.exec(cursor) ?? [];
    const number = Number(position);
    const page: AccountExportPage = { posts: [], messages: [], listings: [], cursor: null };
    if (section === 'listings') return await this.#listings(name, position === '' ? undefined : position, page);
    if (section === undefined || !/^\d{1,15}$/.test(position)) {
      throw new AppError('INVALID_PARAMS', 'Expected the cursor from the previous page.', {
        data: { field: 'cursor' },
      });
    }
    if (section === 'messages')
      return messages ? await this.#messages(name, number, page) : { ...page, cursor: 'listings:' };
    return this.#posts(name, number, page);
  }

  #posts(name: string, from: number, page: AccountExportPage): AccountExportPage {
    const { posts } = this.#readModel;
    const own = canonicalName(name);
    const last = posts.newestNumber;
    for (let number = Math.max(1, from); number <= last; number++) {
      if (page.posts.length === PAGE_SIZE || number - from >= MAX_SCANNED_POSTS)
        return { ...page, cursor: `posts:${number}` };
      const post = posts.get(number);
      if (post && canonicalName(post.member) === own) page.posts.push(post);
    }
    return { ...page, cursor: 'messages:0' };
  }

  async #messages(name: string, after: number, page: AccountExportPage): Promise<AccountExportPage> {
    for await (const message of this.#readModel.messages.newerThan(name, after, this.#head())) {
      if (page.messages.length === PAGE_SIZE) return { ...page, cursor: `messages:${page.messages.at(-1)!.seq}` };
      page.messages.push(message);
    }
    return { ...page, cursor: 'listings:' };
  }

  async #listings(name: string, after: string | undefined, page: AccountExportPage): Promise<AccountExportPage> {
    for await (const listing of this.#readModel.listings.ofMember(name, after)) {
      if (page.listings.length === PAGE_SIZE) return { ...page, cursor: `listings:${page.listings.at(-1)!.name}` };
      page.listings.push(toFileListing(listing));
    }
    return page;
  }
}
