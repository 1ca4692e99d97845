import { expect } from 'chai';
import { ThroughputMeter } from '../../src/peer/meter.ts';

describe('the meter of a transfer', () => {
  it('does not count the wait for an ACCEPT', () => {
    let now = 0;
    const meter = new ThroughputMeter(() => now);
    now = 60_000; // the receiver accepts after a minute
    meter.start();
    for (let i = 0; i < 10; i++) {
      now += 100;
      meter.add(1_000_000);
    }
    expect(meter.bytesPerSecond).to.be.within(9_500_000, 10_800_000);
  });

  it('keeps its measurement while data moves', () => {
    let now = 0;
    const meter = new ThroughputMeter(() => now);
    for (let i = 0; i < 50; i++) {
      now += 100;
      meter.add(100_000);
      meter.start();
    }
    expect(meter.bytesPerSecond).to.be.within(950_000, 1_080_000);
    now += 60_000;
    expect(meter.bytesPerSecond).to.equal(0);
  });
});
