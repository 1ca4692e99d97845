import type { MethodName, MethodParams, MethodResult } from '../protocol/methods.ts';
import type { PreEncodedResult } from './method-table.ts';
import type { Session } from './session.ts';

type HandlerResult<M extends MethodName> = MethodResult<M> | PreEncodedResult;

/** Implements a method. Params are validated and the caller is authorized. */
export type Handler<M extends MethodName> = (
  params: MethodParams<M>,
  session: Session,
) => HandlerResult<M> | Promise<HandlerResult<M>>;

/** The handlers of a group of methods: `account` for `account.*`. */
export type HandlerGroup<Group extends string> = {
  readonly [M in MethodName as M extends `${Group}.${string}` ? M : never]: Handler<M>;
};

/** The handlers of the methods without a group. */
export type UngroupedHandlers = {
  readonly [M in MethodName as M extends `${string}.${string}` ? never : M]: Handler<M>;
};

export type HandlerTable = { readonly [M in MethodName]: Handler<M> };
