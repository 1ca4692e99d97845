import { expect } from 'chai';
import { overall, type Point, withinLives } from './slope.ts';

const points = (own: (minute: number, age: number) => number): Point[] =>
  Array.from({ length: 60 }, (_, i) => {
    const minute = i / 2;
    const life = Math.floor(minute / 5);
    const age = minute - life * 5;
    return { minute, age, life, own: own(minute, age) };
  });

describe('memory growth', () => {
  it('is zero for noise around a constant', () => {
    const level = points((minute) => 130e6 + (((minute * 2) % 3) - 1) * 1e6);
    for (const growth of [overall(level), withinLives(level)]) {
      expect(Math.abs(growth.slope)).to.be.below(2 * growth.error);
      expect(growth.error).to.be.within(0.01, 2);
    }
  });

  it('is detected within runs although restarts hide it', () => {
    const saw = points((_, age) => 130e6 + age * 0.5e6);
    expect(withinLives(saw).slope).to.be.closeTo(5, 1e-6);
    expect(overall(saw).slope).to.be.below(1);
  });

  it('is detected from run to run', () => {
    const steps = points((minute) => 130e6 + Math.floor(minute / 5) * 1e6);
    expect(overall(steps).slope).to.be.closeTo(2, 0.1);
    expect(withinLives(steps).slope).to.equal(0);
  });
});
