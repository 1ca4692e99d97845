import { expect } from 'chai';
import { WriteQuota } from '../../src/room/write-quota.ts';
import { DAY, refusal } from './room.ts';

describe('WriteQuota', () => {
  const limits = {
    postsPerDay: 10,
    bytesPerDay: 100_000,
    postsPerDayPerSource: 15,
    bytesPerDayPerSource: 150_000,
    freeBytes: 1000,
  };
  let now: number;
  let free: number | undefined;
  let quota: WriteQuota;
  beforeEach(() => {
    now = 5;
    free = undefined;
    quota = new WriteQuota({ limits, freeBytes: () => free, now: () => now });
  });

  /** How many posts are accepted before a refusal, and the wait that it states. */
  async function posts(name: string, address?: string, text = 'x'): Promise<[taken: number, waitMs: unknown]> {
    for (let taken = 0; ; taken++) {
      let failure: { data: { retryAfterMs?: unknown } } | undefined;
      try {
        quota.chargePost({ name, address }, text);
      } catch (thrown) {
        failure = thrown as typeof failure;
      }
      if (failure) return [taken, failure.data.retryAfterMs];
    }
  }

  it('limits the posts of a member, and allows one more after a part of the day', async () => {
    expect(await posts('leia')).to.deep.equal([10, DAY / 10]);
    now += DAY / 10;
    expect(await posts('LEIA')).to.deep.equal([1, DAY / 10]);
    now += 10 * DAY;
    expect((await posts('leia'))[0]).to.equal(10);
  });

  it('limits the posts of a source, over all members', async () => {
    expect((await posts('leia', '2001:db8::1'))[0]).to.equal(10);
    expect((await posts('luke', '2001:db8::ffff'))[0]).to.equal(5);
    expect((await posts('han', '2001:db8:0:1::1'))[0]).to.equal(10);
    expect((await posts('rey'))[0]).to.equal(10); // the control socket has no source
  });

  it('counts bytes of texts, not characters', async () => {
    expect((await posts('leia', undefined, '金'.repeat(4096)))[0]).to.equal(7); // 12,288 bytes each
    await refusal(() => quota.chargeRecord({ name: 'leia' }, '金'.repeat(4096)), 'TOO_MANY_REQUESTS');
    quota.chargeRecord({ name: 'leia' }, 'short');
  });

  it('does not count refused posts', async () => {
    await posts('leia', '192.0.2.1');
    for (let i = 0; i < 100; i++)
      await refusal(() => quota.chargePost({ name: 'leia', address: '192.0.2.1' }, 'x'), 'TOO_MANY_REQUESTS');
    expect((await posts('luke', '192.0.2.1'))[0]).to.equal(5);
  });

  it('accepts a post larger than the whole quota if nothing else was written', async () => {
    quota.chargeRecord({ name: 'leia' }, 'x'.repeat(200_000));
    await refusal(() => quota.chargeRecord({ name: 'leia' }, 'x'), 'TOO_MANY_REQUESTS');
  });

  it('refuses all posts while free disk space is too low', async () => {
    free = 999;
    const failure = await refusal(() => quota.chargePost({ name: 'leia' }, 'x'), 'NOT_AVAILABLE');
    expect(failure.message).to.contain('disk is nearly full');
    free = 1000;
    quota.chargePost({ name: 'leia' }, 'x');
  });
});
