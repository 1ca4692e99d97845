import Type from 'typebox';
import { defineMethod } from './method.ts';
import { PeerKeySchema, PeerPortSchema } from './peers.ts';
import {
  DirectMessageSchema,
  EpochMsSchema,
  ListingSchema,
  MemberNameSchema,
  nullable,
  PasswordSchema,
  PostSchema,
  RoleSchema,
  SeqSchema,
  strictObject,
  stringEnum,
} from './schema.ts';

const PeerSchema = Type.Optional(strictObject({ port: PeerPortSchema, key: PeerKeySchema }));
const TakeOverSchema = Type.Optional(Type.Boolean({ description: 'end an existing session instead of 403' }));
const TokenSchema = Type.String({ minLength: 1, maxLength: 128, description: 'for account.resume; valid for 30 days' });
const SignInSchema = strictObject({
  name: MemberNameSchema,
  password: PasswordSchema,
  peer: PeerSchema,
  takeOver: TakeOverSchema,
});
const signedInSchema = (status: 200 | 201) =>
  strictObject({
    status: Type.Literal(status),
    name: Type.String(),
    role: RoleSchema,
    token: Type.String(),
    seq: SeqSchema,
  });

export const accountMethods = {
  'account.signUp': defineMethod({
    access: 'anyone',
    summary: 'Creates an account and signs in. The first account created over the control socket is the owner.',
    params: SignInSchema,
    result: signedInSchema(201),
    errors: ['ACCOUNT_EXISTS', 'TOO_MANY_REQUESTS'],
    secret: ['password'],
  }),
  'account.signIn': defineMethod({
    access: 'anyone',
    summary: 'Signs in with a password.',
    params: SignInSchema,
    result: signedInSchema(200),
    errors: [
      'NO_SUCH_ACCOUNT',
      'WRONG_PASSWORD',
      'ALREADY_SIGNED_IN',
      'LOCKED_OUT',
      'TOO_MANY_REQUESTS',
      'NOT_ALLOWED',
    ],
    secret: ['password'],
  }),
  'account.resume': defineMethod({
    access: 'anyone',
    summary: 'Signs in with the token of an earlier sign-in and joins its session, which can have several connections.',
    params: strictObject({ token: TokenSchema, peer: PeerSchema, takeOver: TakeOverSchema }),
    result: signedInSchema(200),
    errors: ['NOT_SIGNED_IN', 'ALREADY_SIGNED_IN', 'NOT_ALLOWED'],
    secret: ['token'],
  }),
  'account.signOut': defineMethod({
    access: 'member',
    summary: 'Ends the session on all its connections and revokes its token.',
    params: strictObject({}),
    result: strictObject({}),
  }),
  'account.changePassword': defineMethod({
    access: 'member',
    summary: 'Changes the password and revokes all other tokens of the account.',
    params: strictObject({ password: PasswordSchema, newPassword: PasswordSchema }),
    result: strictObject({}),
    errors: ['WRONG_PASSWORD', 'LOCKED_OUT'],
    secret: ['password', 'newPassword'],
  }),
  'account.list': defineMethod({
    access: 'owner',
    summary: 'Lists all accounts by name.',
    params: strictObject({}),
    result: strictObject({
      accounts: Type.Array(
        strictObject({
          name: Type.String(),
          role: RoleSchema,
          createdAt: EpochMsSchema,
          signedIn: Type.Boolean(),
          banned: Type.Boolean(),
        }),
      ),
    }),
  }),
  'account.setRole': defineMethod({
    access: 'owner',
    summary: 'Changes the role of an account. The last owner cannot lose the role.',
    params: strictObject({ name: MemberNameSchema, role: RoleSchema }),
    result: strictObject({ name: Type.String(), role: RoleSchema }),
    errors: ['NO_SUCH_ACCOUNT', 'CONFLICT'],
  }),
  'account.import': defineMethod({
    access: 'owner',
    summary:
      'Creates accounts with known passwords, as stored by the older programs. Existing accounts are not changed, except that ' +
      'one that an earlier import created with the wrong password `misread`, and that was never used, is repaired.',
    params: strictObject({
      accounts: Type.Array(
        strictObject({
          name: Type.String({ maxLength: 256 }),
          password: Type.String({ maxLength: 1024 }),
          misread: Type.Optional(Type.String({ maxLength: 1024, description: 'default: a space and the password' })),
        }),
        { maxItems: 100 },
      ),
    }),
    result: strictObject({
      results: Type.Array(
        strictObject({
          name: Type.String(),
          outcome: stringEnum(['created', 'repaired', 'exists', 'refused'], 'repaired: its password was `misread`'),
          reason: Type.Optional(Type.String()),
        }),
      ),
    }),
    secret: ['accounts'],
  }),
  'account.export': defineMethod({
    access: 'reader',
    summary:
      'All stored data of an account, one page per call: its posts, then its direct messages, then its files. Members can export their own account; the owner can export any, but direct messages only of their own. Contains no passwords or tokens.',
    params: strictObject({
      name: Type.Optional(MemberNameSchema),
      cursor: Type.Optional(Type.String({ maxLength: 512 })),
    }),
    result: strictObject({
      account: strictObject({
        name: Type.String(),
        role: RoleSchema,
        createdAt: EpochMsSchema,
        banned: Type.Boolean(),
      }),
      posts: Type.Array(PostSchema),
      messages: Type.Array(DirectMessageSchema),
      listings: Type.Array(ListingSchema),
      cursor: nullable(Type.String({ description: 'of the next page; null: this was the last' })),
    }),
    errors: ['NO_SUCH_ACCOUNT', 'NOT_ALLOWED'],
  }),
};
