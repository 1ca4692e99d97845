import { accountMethods } from './account.ts';
import { adminMethods } from './admin.ts';
import { fileMethods } from './files.ts';
import { forumMethods } from './forum.ts';
import { messageMethods } from './messages.ts';
import type { ParamsOf, ResultOf } from './method.ts';
import { peerMethods } from './peers.ts';
import { rateMethods } from './rates.ts';
import { systemMethods } from './system.ts';

/** All wire methods. Clients import only the types; the daemon uses the schemas. */
export const METHODS = {
  ...systemMethods,
  ...accountMethods,
  ...rateMethods,
  ...forumMethods,
  ...messageMethods,
  ...fileMethods,
  ...peerMethods,
  ...adminMethods,
};

export type MethodName = keyof typeof METHODS;
export type MethodParams<M extends MethodName> = ParamsOf<(typeof METHODS)[M]>;
export type MethodResult<M extends MethodName> = ResultOf<(typeof METHODS)[M]>;
