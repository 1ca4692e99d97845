import { expect } from 'chai';
import { retryWhenBusy } from '../../src/client/retry-when-busy.ts';
import { AppError, type ErrorCode } from '../../src/domain/app-error.ts';

describe('retryWhenBusy', () => {
  function refusing(times: number, code: ErrorCode = 'TOO_MANY_REQUESTS', retryAfterMs: number = 1) {
    let calls = 0;
    const call = async () => {
      calls += 1;
      if (calls <= times) throw new AppError(code, undefined, { data: { retryAfterMs } });
      return calls;
    };
    return { call, calls: () => calls };
  }

  it('repeats a call until the daemon accepts it', async () => {
    expect(await retryWhenBusy(refusing(3).call)).to.equal(4);
  });

  it('gives up after a number of retries', async () => {
    const { call, calls } = refusing(9);
    const thrown = await retryWhenBusy(call, { maxRetries: 2 }).catch((error: AppError) => error);
    expect((thrown as AppError).code).to.equal('TOO_MANY_REQUESTS');
    expect(calls()).to.equal(3);
  });

  it('repeats other errors only if they are named, and nothing after an abort', async () => {
    for (const options of [{}, { codes: ['NOT_AVAILABLE'] as const, isWanted: () => false }]) {
      const { call, calls } = refusing(1, 'NOT_AVAILABLE');
      await retryWhenBusy(call, options).catch(() => undefined);
      expect(calls()).to.equal(1);
    }
    expect(await retryWhenBusy(refusing(1, 'NOT_AVAILABLE').call, { codes: ['NOT_AVAILABLE'] })).to.equal(2);
  });

  it('ignores an invalid wait', async () => {
    for (const odd of [-5, Number.NaN]) {
      expect(await retryWhenBusy(refusing(2, 'TOO_MANY_REQUESTS', odd).call)).to.equal(3);
    }
  });
});
