import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { PasswordHasher } from '../../src/room/password-hasher.ts';

const small = { N: 16, r: 1, p: 1 };

describe('PasswordHasher', () => {
  it('verifies the right password, and no other', async () => {
    const passwords = new PasswordHasher({ cost: small });
    const kept = await passwords.hash('daihoc tphcm');
    expect(await passwords.verify('daihoc tphcm', kept)).to.equal(true);
    expect(await passwords.verify('daihoc tphcm ', kept)).to.equal(false);
    expect(await passwords.verify('', kept)).to.equal(false);
  });

  it('salts: one password gives two different hashes', async () => {
    const passwords = new PasswordHasher({ cost: small });
    const [one, other] = [await passwords.hash('x'), await passwords.hash('x')];
    expect(one.salt).to.not.equal(other.salt);
    expect(one.hash).to.not.equal(other.hash);
    expect(Buffer.from(one.salt, 'base64')).to.have.length(16);
    expect(Buffer.from(one.hash, 'base64')).to.have.length(32);
  });

  it('uses N=2^15, r=8, p=1 by default', async () => {
    const passwords = new PasswordHasher();
    const kept = await passwords.hash('x');
    expect(kept).to.include({ N: 2 ** 15, r: 8, p: 1 });
    expect(await passwords.verify('x', kept)).to.equal(true);
  });

  it('verifies with the stored parameters, and reports when they are outdated', async () => {
    const old = await new PasswordHasher({ cost: small }).hash('x');
    const passwords = new PasswordHasher({ cost: { N: 32, r: 2, p: 3 } });
    expect(await passwords.verify('x', old)).to.equal(true);
    expect(passwords.needsRehash(old)).to.equal(true);
    const kept = await passwords.hash('x');
    expect(await passwords.verify('x', kept)).to.equal(true);
    expect(passwords.needsRehash(kept)).to.equal(false);
  });

  it('verifies no password against a truncated hash', async () => {
    const passwords = new PasswordHasher({ cost: small });
    const kept = await passwords.hash('x');
    expect(await passwords.verify('x', { ...kept, hash: '' })).to.equal(false);
    expect(await passwords.verify('x', { ...kept, hash: kept.hash.slice(0, 8) })).to.equal(false);
  });

  it('runs one job at a time, in order', async () => {
    const passwords = new PasswordHasher({ cost: small });
    const steps: string[] = [];
    const turn = (i: number) => ({
      begin: () => void steps.push(`begin ${i}`),
      end: () => void steps.push(`end ${i}`),
    });
    await Promise.all([1, 2, 3].map((i) => passwords.hash('x', turn(i))));
    expect(steps).to.deep.equal(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
  });

  it('rejects with the error that `begin` throws, and continues', async () => {
    const passwords = new PasswordHasher({ cost: small });
    const refusal = new AppError('LOCKED_OUT');
    const refused = passwords
      .hash('x', {
        begin: () => {
          throw refusal;
        },
      })
      .catch((thrown) => thrown);
    const next = passwords.hash('y');
    expect(await refused).to.equal(refusal);
    expect(await passwords.verify('y', await next)).to.equal(true);
  });

  it('refuses jobs beyond its limit, except those that ignore it, and recovers', async () => {
    const passwords = new PasswordHasher({ cost: small, limit: 4 });
    const calls = Array.from({ length: 10 }, () => passwords.hash('x').catch((thrown: AppError) => thrown));
    const patient = passwords.hash('x', { ignoresLimit: true });
    const results = await Promise.all(calls);
    const refused = results.filter((result) => result instanceof AppError);
    expect(refused).to.have.length(5); // one runs, four wait
    for (const failure of refused) {
      expect(failure.code).to.equal('TOO_MANY_REQUESTS');
      expect(failure.data.retryAfterMs).to.be.at.least(1000);
    }
    expect(await patient).to.include(small);
    expect(await passwords.hash('x')).to.include(small);
  });

  it('serves sources round-robin, at most four jobs of a source and two of an account', async () => {
    const passwords = new PasswordHasher({ cost: small });
    const order: string[] = [];
    const ask = (source: string, account: string) =>
      passwords
        .hash('x', { source, account, begin: () => void order.push(`${source}:${account}`) })
        .then(() => 200)
        .catch((thrown: AppError) => thrown.status);
    // One account from two addresses, sixty connections each, without pauses.
    const flood = Array.from({ length: 120 }, (_, i) => ask(`flood${i % 2}`, 'throwaway'));
    const others = Array.from({ length: 10 }, (_, i) => ask('flood0', `other${i}`));
    const newcomer = ask('home', 'newcomer');
    expect((await Promise.all(flood)).filter((status) => status === 200)).to.have.length(3);
    expect((await Promise.all(others)).filter((status) => status === 200)).to.have.length(3);
    expect(await newcomer).to.equal(200);
    expect(order.indexOf('home:newcomer')).to.be.at.most(3); // one runs, and one of each other source
    expect(await ask('flood0', 'throwaway')).to.equal(200);
  });

  it('evicts a job of the source with most jobs if the queue is full', async () => {
    const passwords = new PasswordHasher({ cost: small, limit: 8 });
    const ask = (source: string) =>
      passwords.hash('x', { source }).then(
        () => 200,
        (thrown: AppError) => thrown.status,
      );
    const [working, ...waiting] = ['w', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'b'].map(ask);
    const newcomer = ask('home');
    expect(await Promise.all(waiting)).to.deep.equal([200, 200, 200, 429, 200, 200, 200, 200]);
    expect(await Promise.all([working, newcomer])).to.deep.equal([200, 200]);
  });

  it('skips jobs of a closed connection', async () => {
    const passwords = new PasswordHasher({ cost: small });
    const abort = new AbortController();
    let begun = 0;
    const turn = { source: 's', account: 'a', signal: abort.signal, begin: () => void begun++ };
    const all = [1, 2, 3].map(() => passwords.hash('x', turn).catch((thrown: AppError) => thrown.code));
    abort.abort();
    await Promise.all(all);
    expect(begun).to.equal(1);
    expect(passwords.waiting).to.equal(0);
    expect(await passwords.hash('x', { source: 's', account: 'a' })).to.include(small);
  });
});
