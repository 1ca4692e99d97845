import type { Socket } from 'node:net';
import type { ReadScheduler } from './read-scheduler.ts';
import type { WorkBudget } from './work-budget.ts';

/**
 * Calls `start` once the source can pay for the connection and its turn has come; the socket is not read before.
 * @param costMs event-loop time that `start` takes after its turn
 */
export function scheduleAdmission(
  { budget, scheduler }: { budget: WorkBudget; scheduler: ReadScheduler },
  { socket, address, costMs = 0 }: { socket: Socket; address: string; costMs?: number },
  start: () => void,
): void {
  const account = budget.connectionAccount(address);
  const reader = {
    payer: account.payer,
    costMs,
    runTurn: () => {
      if (socket.destroyed) return undefined;
      const wait = account.tryCharge(1, scheduler.now());
      if (wait === 0) start();
      return wait === 0 ? undefined : wait;
    },
  };
  socket.once('close', () => scheduler.remove(reader));
  scheduler.schedule(reader);
}
