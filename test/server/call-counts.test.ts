import { expect } from 'chai';
import { CallCounts } from '../../src/server/call-counts.ts';

describe('CallCounts', () => {
  it('counts by method and status, with one row for all unknown methods', () => {
    const counts = new CallCounts((method) => method === 'sum');
    for (const status of [0, 400, 0]) counts.add('sum', status);
    for (let i = 0; i < 1000; i++) counts.add(`made up ${i}`, -32601);
    counts.add('unknown', -32601);
    expect([...counts]).to.deep.equal([
      { method: 'sum', status: 0, count: 2 },
      { method: 'sum', status: 400, count: 1 },
      { method: 'unknown', status: -32601, count: 1001 },
    ]);
  });
});
