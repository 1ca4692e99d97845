import { account } from './account.ts';
import { exported } from './export.ts';
import { files } from './files.ts';
import { forum } from './forum.ts';
import { messages } from './messages.ts';
import type { ParamsOf, ResultOf } from './method.ts';
import { peers } from './peers.ts';
import { rates } from './rates.ts';
import { admin, room } from './room.ts';
import { upkeep } from './upkeep.ts';

/** Every method of the wire. Clients import the types only: the schemas are the daemon's. */
export const METHODS = {
  ...room,
  ...account,
  ...exported,
  ...rates,
  ...forum,
  ...messages,
  ...files,
  ...peers,
  ...admin,
  ...upkeep,
};

export type MethodName = keyof typeof METHODS;
export type Params<M extends MethodName> = ParamsOf<(typeof METHODS)[M]>;
export type Result<M extends MethodName> = ResultOf<(typeof METHODS)[M]>;
