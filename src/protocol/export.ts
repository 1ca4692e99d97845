import Type from 'typebox';
import { method } from './method.ts';
import { Instant, Listing, Message, Name, nullable, Post, RoleName, strict } from './schema.ts';

export const exported = {
  'account.export': method({
    access: 'reader',
    summary:
      'What the room keeps of an account, a page a call: its posts, then its direct messages, then its files. A member gets his own; the owner any, but direct messages only his own. No password and no token is in it.',
    params: strict({
      name: Type.Optional(Name),
      cursor: Type.Optional(Type.String({ maxLength: 512 })),
    }),
    result: strict({
      account: strict({ name: Type.String(), role: RoleName, createdAt: Instant, banned: Type.Boolean() }),
      posts: Type.Array(Post),
      messages: Type.Array(Message),
      listings: Type.Array(Listing),
      cursor: nullable(Type.String({ description: 'for the next page; null: this was the last' })),
    }),
    errors: ['NO_SUCH_ACCOUNT', 'NOT_ALLOWED'],
  }),
};
