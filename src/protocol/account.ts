import Type from 'typebox';
import { method } from './method.ts';
import { PeerKey, PeerPort } from './peers.ts';
import { Instant, literals, Name, Password, RoleName, Seq, strict } from './schema.ts';

const Peer = Type.Optional(
  strict({
    port: PeerPort,
    key: PeerKey,
  }),
);
const TakeOver = Type.Optional(Type.Boolean({ description: 'end the session that is there instead of 403' }));
const Token = Type.String({ minLength: 1, maxLength: 128, description: 'for account.resume; 30 days' });
const SignedIn = (status: 200 | 201) =>
  strict({ status: Type.Literal(status), name: Type.String(), role: RoleName, token: Type.String(), seq: Seq });

export const account = {
  'account.signUp': method({
    access: 'anyone',
    summary: 'Makes an account and signs in. The first one made over the control socket is the owner.',
    params: strict({ name: Name, password: Password, peer: Peer, takeOver: TakeOver }),
    result: SignedIn(201),
    errors: ['ACCOUNT_EXISTS', 'TOO_MANY_REQUESTS'],
    secret: ['password'],
  }),
  'account.signIn': method({
    access: 'anyone',
    summary: 'Signs in by password.',
    params: strict({ name: Name, password: Password, peer: Peer, takeOver: TakeOver }),
    result: SignedIn(200),
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
  'account.resume': method({
    access: 'anyone',
    summary: 'Signs in by the token of an earlier sign-in: joins that session, however many connections it has.',
    params: strict({ token: Token, peer: Peer, takeOver: TakeOver }),
    result: SignedIn(200),
    errors: ['NOT_SIGNED_IN', 'ALREADY_SIGNED_IN', 'NOT_ALLOWED'],
    secret: ['token'],
  }),
  'account.signOut': method({
    access: 'member',
    summary: 'Ends the session on all its connections; its token is void from now on.',
    params: strict({}),
    result: strict({}),
  }),
  'account.changePassword': method({
    access: 'member',
    summary: 'Sets another password. Every other token of the account is void from then on.',
    params: strict({ password: Password, newPassword: Password }),
    result: strict({}),
    errors: ['WRONG_PASSWORD', 'LOCKED_OUT'],
    secret: ['password', 'newPassword'],
  }),
  'account.list': method({
    access: 'owner',
    summary: 'Every account, by name.',
    params: strict({}),
    result: strict({
      accounts: Type.Array(
        strict({
          name: Type.String(),
          role: RoleName,
          createdAt: Instant,
          signedIn: Type.Boolean(),
          banned: Type.Boolean(),
        }),
      ),
    }),
  }),
  'account.setRole': method({
    access: 'owner',
    summary: 'Makes somebody moderator, member or owner. The last owner stays owner.',
    params: strict({ name: Name, role: RoleName }),
    result: strict({ name: Type.String(), role: RoleName }),
    errors: ['NO_SUCH_ACCOUNT', 'CONFLICT'],
  }),
  'account.import': method({
    access: 'owner',
    summary:
      'Makes accounts with known passwords, as the old programs kept them. Names that exist are left alone, except that an ' +
      'account that an import made with the password `misread`, and that nobody has signed in to, gets the right one.',
    params: strict({
      accounts: Type.Array(
        strict({
          name: Type.String({ maxLength: 256 }),
          password: Type.String({ maxLength: 1024 }),
          misread: Type.Optional(
            Type.String({
              maxLength: 1024,
              description: 'what an earlier import may have taken for the password; default: a space and the password',
            }),
          ),
        }),
        { maxItems: 100 },
      ),
    }),
    result: strict({
      results: Type.Array(
        strict({
          name: Type.String(),
          outcome: literals(['created', 'repaired', 'exists', 'refused'], 'repaired: its password was the misread one'),
          reason: Type.Optional(Type.String()),
        }),
      ),
    }),
    secret: ['accounts'],
  }),
};
