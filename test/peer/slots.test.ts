import { expect } from 'chai';
import { Failure } from '../../src/domain/failure.ts';
import { Bucket } from '../../src/peer/bucket.ts';
import { Meter, Reporter } from '../../src/peer/meter.ts';
import { Slots } from '../../src/peer/slots.ts';

describe('slots', () => {
  it('let a few go, and the others in their order, who know their place', () => {
    const slots = new Slots({ slots: 2, waiting: 3 });
    const told: string[] = [];
    const acquire = (name: string) =>
      slots.acquire({ onPlace: (place) => told.push(`${name}${place}`), onGo: () => told.push(`${name}!`) });
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(acquire);
    expect(told.splice(0)).to.deep.equal(['a!', 'b!', 'c1', 'd2', 'e3']);
    expect(() => acquire('f'))
      .to.throw(Failure)
      .with.property('code', 'TOO_MANY_REQUESTS');
    d!();
    expect(told.splice(0)).to.deep.equal(['e2']);
    a!();
    a!();
    expect(told.splice(0)).to.deep.equal(['c!', 'e1']);
    b!();
    c!();
    expect(told.splice(0)).to.deep.equal(['e!']);
    e!();
    acquire('g');
    acquire('h');
    acquire('i');
    expect(told).to.deep.equal(['g!', 'h!', 'i1']);
  });
});

describe('bucket', () => {
  it('lets bytes through at its rate, and pays what is owed at a new one', () => {
    let now = 0;
    const bucket = new Bucket(1000, () => now);
    expect(bucket.debit(500)).to.equal(500);
    expect(bucket.debit(500)).to.equal(1000);
    now = 1000;
    expect(bucket.debit(100)).to.equal(100);
    bucket.rate = 100;
    expect(bucket.debit(10)).to.equal(1100);
    bucket.rate = null;
    expect(bucket.debit(1e9)).to.equal(0);
  });
});

describe('meter', () => {
  it('is right from the start, follows, and falls to nothing', () => {
    let now = 0;
    const meter = new Meter(() => now);
    const run = (seconds: number, perSecond: number) => {
      for (let i = 0; i < seconds * 20; i += 1) {
        now += 50;
        meter.add(perSecond / 20);
      }
    };
    run(1, 1e6);
    expect(meter.rate).to.be.within(0.9e6, 1.1e6);
    run(10, 5e6);
    expect(meter.rate).to.be.within(4.5e6, 5.5e6);
    now += 60_000;
    expect(meter.rate).to.equal(0);
  });

  it('reports at most five times a second, and a last time', async () => {
    let reports = 0;
    const reporter = new Reporter(
      () => {
        reports += 1;
      },
      () => false,
    );
    const until = performance.now() + 500;
    while (performance.now() < until) {
      reporter.changed();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    reporter.stop();
    reporter.changed();
    expect(reports).to.be.within(2, 5);
  });
});
