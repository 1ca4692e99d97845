import Type from 'typebox';
import { defineMethod } from './method.ts';
import { EpochMsSchema, PostSchema, SeqSchema, strictObject, timeSchema } from './schema.ts';

export const PostTextSchema = Type.String({ minLength: 1, maxLength: 8192, description: '1-4,096 characters' });
const TopicSchema = Type.String({ minLength: 1, maxLength: 64, description: 'letters, digits, - _; default: `lobby`' });
const PostNumberSchema = Type.Integer({ minimum: 1, description: 'number of a post' });
export const ClientIdSchema = Type.Optional(
  Type.String({ minLength: 1, maxLength: 64, description: "the author's own id, for deduplication" }),
);
export const LimitSchema = Type.Optional(Type.Integer({ minimum: 1, maximum: 200 }));
const TopicFilterSchema = Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'only this topic' }));
export const UnreadCountSchema = Type.Integer({ minimum: 0, description: 'written by others and not marked as read' });
const MentionCountSchema = Type.Integer({ minimum: 0, description: 'unread posts that mention you' });

export const forumMethods = {
  'forum.post': defineMethod({
    access: 'member',
    summary: 'Writes a post. Repeating a `clientId` returns the same post.',
    params: strictObject({
      text: PostTextSchema,
      topic: Type.Optional(TopicSchema),
      replyTo: Type.Optional(PostNumberSchema),
      clientId: ClientIdSchema,
    }),
    result: strictObject({ post: PostSchema }),
    errors: ['NOT_FOUND', 'TOO_LARGE'],
  }),
  'forum.edit': defineMethod({
    access: 'member',
    summary: 'Edits a post. Allowed for its author and for moderators. Earlier texts are kept.',
    params: strictObject({ number: PostNumberSchema, text: PostTextSchema }),
    result: strictObject({ post: PostSchema }),
    errors: ['NOT_FOUND', 'NOT_ALLOWED', 'GONE', 'TOO_LARGE'],
  }),
  'forum.delete': defineMethod({
    access: 'member',
    summary: 'Deletes a post. Allowed for its author and for moderators. Author and times are kept.',
    params: strictObject({ number: PostNumberSchema }),
    result: strictObject({ post: PostSchema }),
    errors: ['NOT_FOUND', 'NOT_ALLOWED', 'GONE'],
  }),
  'forum.read': defineMethod({
    access: 'reader',
    summary:
      'Posts, oldest first: changed after `sinceSeq`, or written or edited since `sinceTime`, or the last ones `before` a number, or the first ones `after` a number; otherwise the newest. Can be limited to a `topic` or `thread`.',
    params: strictObject({
      sinceSeq: Type.Optional(SeqSchema),
      sinceTime: Type.Optional(EpochMsSchema),
      before: Type.Optional(PostNumberSchema),
      after: Type.Optional(Type.Integer({ minimum: 0, description: 'number of a post' })),
      topic: TopicFilterSchema,
      thread: Type.Optional(Type.Integer({ minimum: 1, description: 'this post and its replies' })),
      limit: LimitSchema,
    }),
    result: strictObject({ posts: Type.Array(PostSchema), seq: SeqSchema, more: Type.Boolean() }),
    errors: ['NOT_FOUND'],
  }),
  'forum.search': defineMethod({
    access: 'reader',
    summary:
      "Posts that contain all words of a text, newest first. Searches the text, the author's name, and mentions as `@name`; ignores case and accents. The last word can be a prefix. Excludes deleted posts; only the first 256 different words of a post are indexed.",
    params: strictObject({
      text: Type.String({ minLength: 1, maxLength: 512, description: 'words; only the first 16 count' }),
      topic: TopicFilterSchema,
      before: Type.Optional(Type.Integer({ minimum: 1, description: 'only posts before this number' })),
      limit: LimitSchema,
    }),
    result: strictObject({ posts: Type.Array(PostSchema), more: Type.Boolean() }),
  }),
  'forum.topics': defineMethod({
    access: 'reader',
    summary: 'The 500 most recently used topics, the latest first; for a member, with unread counts.',
    params: strictObject({}),
    result: strictObject({
      topics: Type.Array(
        strictObject({
          topic: Type.String(),
          posts: Type.Integer({ description: 'that are not deleted' }),
          last: PostSchema,
          unread: Type.Optional(UnreadCountSchema),
          mentions: Type.Optional(MentionCountSchema),
        }),
      ),
    }),
  }),
  'forum.markRead': defineMethod({
    access: 'member',
    summary:
      'Marks the posts of a topic, or all posts, as read up to a sequence number, on every terminal of the member. Marks never move back. Returns what is still unread.',
    params: strictObject({
      seq: Type.Integer({ minimum: 0, description: 'posts written up to here are read' }),
      topic: TopicFilterSchema,
    }),
    result: strictObject({
      topic: Type.Optional(Type.String()),
      seq: Type.Integer({ minimum: 0, description: 'sequence number that the counts refer to' }),
      unread: UnreadCountSchema,
      mentions: MentionCountSchema,
    }),
  }),
  'forum.revisions': defineMethod({
    access: 'reader',
    summary:
      'A post and its last 200 earlier texts, oldest first. Those of a deleted post are visible to its author and to moderators only.',
    params: strictObject({ number: PostNumberSchema }),
    result: strictObject({
      post: PostSchema,
      revisions: Type.Array(
        strictObject({
          text: Type.String(),
          mentions: Type.Array(Type.String()),
          at: timeSchema('since when the post had this text'),
          seq: SeqSchema,
        }),
      ),
    }),
    errors: ['NOT_FOUND'],
  }),
};
