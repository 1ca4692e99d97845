import { expect } from 'chai';
import { type ShaperQueue, TrafficShaper } from '../../src/server/traffic-shaper.ts';

const KIB = 1024;

describe('TrafficShaper', () => {
  let shaper: TrafficShaper;
  afterEach(() => shaper.stop());

  /** A lane that records what it sent, and when. */
  const laneOf = () => {
    const sent: { number: number; at: number }[] = [];
    let wake = () => {};
    const queue = shaper.createQueue((packet) => {
      sent.push({ number: packet.readUInt32LE(0), at: performance.now() });
      wake();
    });
    const until = async (count: number) => {
      while (sent.length < count) await new Promise<void>((resolve) => (wake = resolve));
    };
    return { lane: queue, sent, until };
  };
  const packet = (number: number, bytes = KIB) => {
    const made = Buffer.alloc(bytes);
    made.writeUInt32LE(number);
    return made;
  };
  const passAll = (queue: ShaperQueue, count: number) =>
    Array.from({ length: count }, (_, i) => shaper.send(queue, packet(i)));

  it('sends a burst at once, and the rest at its rate, in order', async () => {
    shaper = new TrafficShaper(1000 * KIB);
    const { lane: queue, sent, until } = laneOf();
    const begun = performance.now();
    expect(passAll(queue, 100)).not.to.include(false);
    expect(sent.length).to.be.within(16, 40);
    await until(100);
    expect(performance.now() - begun).to.be.at.least(60);
    expect(sent.map(({ number }) => number)).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
    for (const { number, at } of sent) expect(number).to.be.at.most(25 + (at - begun) * 1.05 + 1);
  });

  it('drops packets that would wait too long, and no lane delays another', async () => {
    shaper = new TrafficShaper(100 * KIB);
    const [one, other] = [laneOf(), laneOf()];
    const passed = passAll(one.lane, 200);
    const last = passed.lastIndexOf(true);
    expect(last).to.be.within(25, 60);
    expect(passed.slice(0, last + 1)).not.to.include(false);
    expect(shaper.send(other.lane, packet(7))).to.equal(true);
    expect(other.sent).to.have.length(1);
    await one.until(last + 1);
    expect(shaper.send(one.lane, packet(300))).to.equal(true);
    await one.until(last + 2);
    expect(one.sent.at(-1)!.number).to.equal(300);
  });

  it('continues after a lane was cleared', async () => {
    shaper = new TrafficShaper(100 * KIB);
    const [one, other] = [laneOf(), laneOf()];
    passAll(one.lane, 30);
    passAll(other.lane, 30);
    const before = one.sent.length;
    shaper.clear(one.lane);
    await other.until(30);
    expect(one.sent).to.have.length(before);
    passAll(one.lane, 20);
    await one.until(before + 20);
  });

  it('has nothing queued after stop', async () => {
    shaper = new TrafficShaper(100 * KIB);
    const { lane: queue, sent } = laneOf();
    passAll(queue, 30);
    const before = sent.length;
    shaper.stop();
    shaper = new TrafficShaper(1000 * KIB);
    const other = laneOf();
    passAll(other.lane, 60);
    await other.until(60);
    expect(sent).to.have.length(before);
  });
});
