import Type from 'typebox';
import { method } from './method.ts';
import { Instant, instant, Post, Seq, strict } from './schema.ts';

export const Text = Type.String({ minLength: 1, maxLength: 8192, description: '1-4,096 characters' });
const Topic = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'letters, digits, - and _; `lobby` unless named',
});
const PostNumber = Type.Integer({ minimum: 1, description: 'number of a post' });
export const ClientId = Type.Optional(
  Type.String({ minLength: 1, maxLength: 64, description: "the writer's own id of it" }),
);
export const Limit = Type.Optional(Type.Integer({ minimum: 1, maximum: 200 }));
const InTopic = Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'in this topic only' }));
export const Unread = Type.Integer({ minimum: 0, description: 'written by others, and not marked read' });
const Mentions = Type.Integer({ minimum: 0, description: 'unread ones that mention you' });

export const forum = {
  'forum.post': method({
    access: 'member',
    summary: 'Writes a post. The same `clientId` twice gives the same post.',
    params: strict({
      text: Text,
      topic: Type.Optional(Topic),
      replyTo: Type.Optional(PostNumber),
      clientId: ClientId,
    }),
    result: strict({ post: Post }),
    errors: ['NOT_FOUND', 'TOO_LARGE'],
  }),
  'forum.edit': method({
    access: 'member',
    summary: 'Changes the text of a post: its writer, or a moderator. Earlier texts are kept.',
    params: strict({ number: PostNumber, text: Text }),
    result: strict({ post: Post }),
    errors: ['NOT_FOUND', 'NOT_ALLOWED', 'GONE', 'TOO_LARGE'],
  }),
  'forum.delete': method({
    access: 'member',
    summary: 'Deletes a post: its writer, or a moderator. What stays says who and when.',
    params: strict({ number: PostNumber }),
    result: strict({ post: Post }),
    errors: ['NOT_FOUND', 'NOT_ALLOWED', 'GONE'],
  }),
  'forum.read': method({
    access: 'reader',
    summary:
      'Posts, oldest first: changed after `sinceSeq`, or written or edited from `sinceTime` on, or the last ones before a number; else the newest. With `topic` or `thread`, of these only.',
    params: strict({
      sinceSeq: Type.Optional(Seq),
      sinceTime: Type.Optional(Instant),
      before: Type.Optional(PostNumber),
      topic: InTopic,
      thread: Type.Optional(Type.Integer({ minimum: 1, description: 'this post and the answers to it' })),
      limit: Limit,
    }),
    result: strict({ posts: Type.Array(Post), seq: Seq, more: Type.Boolean() }),
    errors: ['NOT_FOUND'],
  }),
  'forum.search': method({
    access: 'reader',
    summary:
      "Posts that have all words of a text, newest first: words of the post, of its writer's name, and mentions as `@name`. Case and accents do not matter; the last word may be the beginning of one. Deleted posts are not found; of a post, the first 256 different words count.",
    params: strict({
      text: Type.String({ minLength: 1, maxLength: 512, description: 'words; 16 of them count' }),
      topic: InTopic,
      before: Type.Optional(Type.Integer({ minimum: 1, description: 'posts before this number: the next page' })),
      limit: Limit,
    }),
    result: strict({ posts: Type.Array(Post), more: Type.Boolean() }),
  }),
  'forum.topics': method({
    access: 'reader',
    summary: 'The 500 topics last written in, the latest first; for a member, with what is unread in them.',
    params: strict({}),
    result: strict({
      topics: Type.Array(
        strict({
          topic: Type.String(),
          posts: Type.Integer({ description: 'that stand in it' }),
          last: Post,
          unread: Type.Optional(Unread),
          mentions: Type.Optional(Mentions),
        }),
      ),
    }),
  }),
  'forum.markRead': method({
    access: 'member',
    summary:
      'Marks the posts of a topic, or all, as read up to a seq, on every terminal of the member. Marks do not go back. Answers what is still unread there.',
    params: strict({
      seq: Type.Integer({ minimum: 0, description: 'posts that were written up to here are read' }),
      topic: InTopic,
    }),
    result: strict({
      topic: Type.Optional(Type.String()),
      seq: Type.Integer({ minimum: 0, description: 'as of which the counts hold' }),
      unread: Unread,
      mentions: Mentions,
    }),
  }),
  'forum.revisions': method({
    access: 'reader',
    summary:
      'A post and its earlier texts, oldest first, the last 200. Those of a deleted post are for its writer and moderators.',
    params: strict({ number: PostNumber }),
    result: strict({
      post: Post,
      revisions: Type.Array(
        strict({
          text: Type.String(),
          mentions: Type.Array(Type.String()),
          at: instant('since when it said that'),
          seq: Seq,
        }),
      ),
    }),
    errors: ['NOT_FOUND'],
  }),
};
