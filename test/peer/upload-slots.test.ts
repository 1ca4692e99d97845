import { expect } from 'chai';
import { AppError } from '../../src/domain/app-error.ts';
import { BandwidthLimiter } from '../../src/peer/bandwidth-limiter.ts';
import { ThrottledNotifier, ThroughputMeter } from '../../src/peer/meter.ts';
import { UploadSlots } from '../../src/peer/upload-slots.ts';

describe('UploadSlots', () => {
  it('run a few, and the others in order, which know their position', () => {
    const slots = new UploadSlots({ maxActive: 2, maxQueued: 3 });
    const told: string[] = [];
    const acquire = (name: string) =>
      slots.acquire({ onQueued: (place) => told.push(`${name}${place}`), onGranted: () => told.push(`${name}!`) });
    const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(acquire);
    expect(told.splice(0)).to.deep.equal(['a!', 'b!', 'c1', 'd2', 'e3']);
    expect(() => acquire('f'))
      .to.throw(AppError)
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

describe('BandwidthLimiter', () => {
  it('lets bytes through at its rate, and applies a new rate to the debt', () => {
    let now = 0;
    const bucket = new BandwidthLimiter(1000, () => now);
    expect(bucket.consume(500)).to.equal(500);
    expect(bucket.consume(500)).to.equal(1000);
    now = 1000;
    expect(bucket.consume(100)).to.equal(100);
    bucket.rate = 100;
    expect(bucket.consume(10)).to.equal(1100);
    bucket.rate = null;
    expect(bucket.consume(1e9)).to.equal(0);
  });
});

describe('ThroughputMeter', () => {
  it('is correct from the start, follows changes, and falls to zero', () => {
    let now = 0;
    const meter = new ThroughputMeter(() => now);
    const run = (seconds: number, perSecond: number) => {
      for (let i = 0; i < seconds * 20; i += 1) {
        now += 50;
        meter.add(perSecond / 20);
      }
    };
    run(1, 1e6);
    expect(meter.bytesPerSecond).to.be.within(0.9e6, 1.1e6);
    run(10, 5e6);
    expect(meter.bytesPerSecond).to.be.within(4.5e6, 5.5e6);
    now += 60_000;
    expect(meter.bytesPerSecond).to.equal(0);
  });

  it('reports at most five times a second, and once at the end', async () => {
    let reports = 0;
    const reporter = new ThrottledNotifier(
      () => {
        reports += 1;
      },
      () => false,
    );
    const until = performance.now() + 500;
    while (performance.now() < until) {
      reporter.notify();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    reporter.stop();
    reporter.notify();
    expect(reports).to.be.within(2, 5);
  });
});
