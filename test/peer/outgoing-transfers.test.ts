import { expect } from 'chai';
import { AppError, type ErrorCode } from '../../src/domain/app-error.ts';
import { shouldGiveUp } from '../../src/peer/outgoing-transfers.ts';

describe('a transfer to a member who was never reached', () => {
  const hopeless = (code: ErrorCode) =>
    [1, 2, 3, 4, 5].filter((attempts) => shouldGiveUp(new AppError(code, 'why'), attempts));

  it('is given up at once if they are offline, but not if they were online a moment ago', () => {
    expect(hopeless('NOT_FOUND')).to.deep.equal([1, 4, 5]);
  });

  it('is retried a few times if no path works', () => {
    expect(hopeless('NOT_AVAILABLE')).to.deep.equal([4, 5]);
    expect(hopeless('TOO_SLOW')).to.deep.equal([4, 5]);
  });

  it('is retried while the daemon is unavailable', () => {
    for (const code of ['CONNECTION_ENDED', 'NO_DAEMON', 'NOT_SIGNED_IN'] as const) {
      expect(hopeless(code)).to.deep.equal([]);
    }
  });
});
