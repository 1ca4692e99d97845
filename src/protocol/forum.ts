import Type from 'typebox';
import { method } from './method.ts';
import { Instant, Post, Seq, strict } from './schema.ts';

const Text = Type.String({ minLength: 1, maxLength: 8192, description: '1-4,096 characters' });
const Topic = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'letters, digits, - and _; `lobby` unless named',
});
const PostNumber = Type.Integer({ minimum: 1, description: 'number of a post' });

export const forum = {
  'forum.post': method({
    access: 'member',
    summary: 'Writes a post. The same `clientId` twice gives the same post.',
    params: strict({
      text: Text,
      topic: Type.Optional(Topic),
      replyTo: Type.Optional(PostNumber),
      clientId: Type.Optional(
        Type.String({ minLength: 1, maxLength: 64, description: "the writer's own id of the post" }),
      ),
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
      'Posts, oldest first: changed after `sinceSeq`, or written or edited from `sinceTime` on, or the last ones before a number; else the newest.',
    params: strict({
      sinceSeq: Type.Optional(Seq),
      sinceTime: Type.Optional(Instant),
      before: Type.Optional(PostNumber),
      topic: Type.Optional(Topic),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
    }),
    result: strict({ posts: Type.Array(Post), seq: Seq, more: Type.Boolean() }),
  }),
};
