import { FAILURES, Failure, type FailureCode } from '../domain/failure.ts';
import type { Transfer } from '../domain/transfer.ts';
import { stateSentence } from '../repl/transfers.ts';

/** A transfer that is over, where it is done. @throws Failure with the reason, where it is not */
export function outcome(transfer: Transfer): Transfer {
  if (transfer.state === 'done') return transfer;
  const { id, name, size, done, state } = transfer;
  const data = { id, name, size, done, state, ...(transfer.reason === null ? {} : { why: transfer.reason }) };
  throw new Failure(codeOf(transfer), stateSentence(transfer), { data });
}

function codeOf({ state, status }: Transfer): FailureCode {
  const found = (Object.keys(FAILURES) as FailureCode[]).find((code) => FAILURES[code].status === status);
  return found ?? (state === 'declined' ? 'NOT_ALLOWED' : state === 'cancelled' ? 'CONNECTION_ENDED' : 'NOT_AVAILABLE');
}
