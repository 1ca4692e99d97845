import type { MethodName, Params, Result } from '../protocol/methods.ts';
import type { Session } from './session.ts';

/** A result that is JSON already: answered as it is. */
export class Encoded {
  readonly json: string;
  readonly ascii: boolean;

  constructor(json: string) {
    this.json = json;
    this.ascii = Buffer.byteLength(json) === json.length;
  }
}

type Answer<M extends MethodName> = Result<M> | Encoded;

/** What a method does. Its params fit the schema, its caller may call it. */
export type Handler<M extends MethodName> = (params: Params<M>, session: Session) => Answer<M> | Promise<Answer<M>>;

/** The handlers of a group of methods: `account` for `account.*`. */
export type Handlers<Group extends string> = {
  readonly [M in MethodName as M extends `${Group}.${string}` ? M : never]: Handler<M>;
};

/** The handlers of the methods without a group. */
export type PlainHandlers = {
  readonly [M in MethodName as M extends `${string}.${string}` ? never : M]: Handler<M>;
};
