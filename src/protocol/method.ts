import type { Static, TObject, TSchema } from 'typebox';

/**
 * Who can call a method: `anyone` connected; a `reader` (signed in, or on the control socket); a `member` (signed in,
 * because the call needs a name); the `owner` (signed in as owner, or on the control socket).
 */
export type Access = 'anyone' | 'reader' | 'member' | 'owner';

/** A wire method. Its schema validates requests and generates docs/protocol.md. */
export interface Method<P extends TObject = TObject, R extends TSchema = TSchema> {
  readonly access: Access;
  readonly summary: string;
  readonly params: P;
  readonly result: R;
  /** In addition to the errors of every call (docs/protocol.md, "Errors"). */
  readonly errors?: readonly string[];
  /** Parameters whose values must not be logged. */
  readonly secret?: readonly string[];
}

export function defineMethod<P extends TObject, R extends TSchema>(method: Method<P, R>): Method<P, R> {
  return method;
}

export type ParamsOf<M> = M extends Method<infer P, TSchema> ? Static<P> : never;
export type ResultOf<M> = M extends Method<TObject, infer R> ? Static<R> : never;
