import { AppError } from '../domain/app-error.ts';
import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import type { MethodResult } from '../protocol/methods.ts';
import type { RpcCaller } from './rate-history.ts';

/** @throws AppError INVALID_REQUEST if the number is not from 1 to 100: the daemon would close the connection */
export function assertSumNumber(number: number): void {
  if (Number.isInteger(number) && number >= 1 && number <= 100) return;
  throw new AppError('INVALID_REQUEST', `The number ${number} is out of range. Use a whole number from 1 to 100.`, {
    data: { number },
  });
}

/** Sends a number and verifies the sum. @throws AppError INVALID_REQUEST before any call; INTERNAL if the sum is wrong */
export async function requestSum(caller: RpcCaller, number: number, user: string): Promise<MethodResult<'sum'>> {
  assertSumNumber(number);
  const answer = await caller.call('sum', { name: caller.name ?? user, number });
  const sum = number + answer.number;
  if (answer.sum !== sum) {
    throw new AppError(
      'INTERNAL',
      `The daemon returned a wrong sum: ${number} + ${answer.number} is ${sum}, not ${answer.sum}.`,
    );
  }
  return answer;
}

export function sumLines(answer: MethodResult<'sum'>, name: string, number: number): SafeText[] {
  return [
    safeText`Client Name: ${sanitizeText(name)} | Server Name: ${sanitizeText(answer.name)}`,
    safeText`Client Number: ${number} | Server Number: ${answer.number} | Sum: ${answer.sum}`,
  ];
}
