import type { Socket } from 'node:net';
import type { Budget } from './budget.ts';
import type { Turns } from './turns.ts';

/**
 * Begins with a connection when its source can pay for it and its turn has come; nothing is read from it before.
 * @param costMs what `start` takes of the event loop after its turn
 */
export function startInTurn(
  { budget, turns }: { budget: Budget; turns: Turns },
  { socket, address, costMs = 0 }: { socket: Socket; address: string; costMs?: number },
  start: () => void,
): void {
  const account = budget.ofConnections(address);
  const reader = {
    payer: account.payer,
    costMs,
    turn: () => {
      if (socket.destroyed) return undefined;
      const wait = account.charge(1, turns.now());
      if (wait === 0) start();
      return wait === 0 ? undefined : wait;
    },
  };
  socket.once('close', () => turns.forget(reader));
  turns.ready(reader);
}
