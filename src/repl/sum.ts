import { Failure } from '../domain/failure.ts';
import type { Result } from '../protocol/methods.ts';
import type { Caller } from './history.ts';

/** @throws Failure INVALID_REQUEST when the number is not one of 1-100: the daemon would end the connection for it. */
export function checkNumber(number: number): void {
  if (Number.isInteger(number) && number >= 1 && number <= 100) return;
  throw new Failure('INVALID_REQUEST', `Client int out of range: ${number}. Send a whole number of 1-100.`, {
    data: { number },
  });
}

/**
 * Sends a number and checks the sum that comes back.
 * @param user whose number it is when nobody is signed in.
 * @throws Failure INVALID_REQUEST before any call; INTERNAL when the sum is wrong.
 */
export async function askSum(caller: Caller, number: number, user: string): Promise<Result<'sum'>> {
  checkNumber(number);
  const answer = await caller.call('sum', { name: caller.name ?? user, number });
  const sum = number + answer.number;
  if (answer.sum !== sum) {
    throw new Failure(
      'INTERNAL',
      `The sum of the server is wrong: ${number} + ${answer.number} is ${sum}, it says ${answer.sum}.`,
    );
  }
  return answer;
}
