import type { Transfer } from '../../src/domain/transfer.ts';

/** A file that is fetched from Yoda, or what is said of it instead. */
export function transfer(more: Partial<Transfer> = {}): Transfer {
  return {
    id: 1,
    direction: 'in',
    peers: [{ member: 'Yoda', path: 'direct' }],
    name: 'lecture1.mp4',
    size: 100,
    files: 1,
    done: 45,
    bytesPerSecond: 11,
    state: 'active',
    startedAt: 0,
    endedAt: null,
    place: null,
    reason: null,
    status: null,
    savedAs: null,
    ...more,
  };
}
