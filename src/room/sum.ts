import { randomInt } from 'node:crypto';
import { Failure } from '../domain/failure.ts';

/**
 * The sum seed: the other side's number of 1-100 and a random one of ours.
 * @throws Failure INVALID_REQUEST when the number is out of range; its sender's session ends then
 */
export function sum(number: number): { number: number; sum: number } {
  if (!Number.isInteger(number) || number < 1 || number > 100) {
    throw new Failure('INVALID_REQUEST', `The number must be 1-100, got ${number}.`, {
      data: { field: 'number' },
    });
  }
  const ours = randomInt(1, 101);
  return { number: ours, sum: number + ours };
}
