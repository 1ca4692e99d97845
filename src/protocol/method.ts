import type { Static, TObject, TSchema } from 'typebox';

/**
 * Who may call: `anyone` that is connected; a `reader` (signed in, or on the control socket); a `member` (signed
 * in: the call needs a name); the `owner` (the owner, or the control socket).
 */
export type Access = 'anyone' | 'reader' | 'member' | 'owner';

/** One method of the wire: declared once, checked on the way in, and the source of docs/protocol.md. */
export interface Method<P extends TObject = TObject, R extends TSchema = TSchema> {
  readonly access: Access;
  readonly summary: string;
  readonly params: P;
  readonly result: R;
  /** Reasons beyond those of every call (docs/protocol.md, "Errors"). */
  readonly errors?: readonly string[];
  /** Parameters whose values no log may hold. */
  readonly secret?: readonly string[];
}

export function method<P extends TObject, R extends TSchema>(declared: Method<P, R>): Method<P, R> {
  return declared;
}

export type ParamsOf<M> = M extends Method<infer P, TSchema> ? Static<P> : never;
export type ResultOf<M> = M extends Method<TObject, infer R> ? Static<R> : never;
