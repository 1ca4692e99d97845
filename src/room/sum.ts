import { randomInt } from 'node:crypto';
import { AppError } from '../domain/app-error.ts';

/**
 * The sum exercise of the oldest program: adds a random number to the client's number, both 1-100.
 * @throws AppError INVALID_REQUEST when the number is out of range, which ends the session of its sender
 */
export function sumWithRandom(number: number): { number: number; sum: number } {
  if (!Number.isInteger(number) || number < 1 || number > 100) {
    throw new AppError('INVALID_REQUEST', `The number must be 1-100, got ${number}.`, {
      data: { field: 'number' },
    });
  }
  const ours = randomInt(1, 101);
  return { number: ours, sum: number + ours };
}
