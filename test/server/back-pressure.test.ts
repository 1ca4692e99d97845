import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect } from 'chai';
import { parseConfig } from '../../src/daemon/config.ts';
import { Connection } from '../../src/server/connection.ts';
import { type EncodedEvent, EventBatch } from '../../src/server/event-batch.ts';

const SOFT = 256 * 1024;
const PADDING = 'x'.repeat(4000);

interface Told {
  readonly method: string;
  readonly params: { readonly n: number; readonly resync?: number };
}

describe('events of one connection', () => {
  let client: Socket;
  let connection: Connection;
  let lines: Told[];
  let closed: string | undefined;
  let chunks: number;
  beforeEach(async () => {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const accepted = once(server, 'connection');
    client = connect(port, '127.0.0.1');
    const [socket] = (await accepted) as [Socket];
    server.close();
    const { limits } = parseConfig(
      JSON.stringify({ limits: { queueSoftBytes: SOFT, queueHardBytes: 4 * SOFT } }),
      'test',
    );
    connection = new Connection(socket, { address: '127.0.0.1', local: false, limits });
    closed = undefined;
    connection.start({
      receiveLine() {},
      onClosed(reason) {
        closed = reason;
      },
    });
    lines = [];
    chunks = 0;
    let rest = '';
    client.setEncoding('utf8').on('data', (text: string) => {
      chunks += 1;
      const parts = (rest + text).split('\n');
      rest = parts.pop()!;
      for (const part of parts) lines.push(JSON.parse(part) as Told);
    });
    client.on('error', () => {});
  });
  afterEach(() => client.destroy());

  const line = (method: string, n: number, padding = '') => `${JSON.stringify({ method, params: { n, padding } })}\n`;
  const post = (seq: number): EncodedEvent => ({ text: line('post', seq, PADDING), seq });
  const price = (n: number): EncodedEvent => ({ text: line('quote', n), key: 'SJC' });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const until = async (holds: () => boolean) => {
    while (!holds()) await turn();
  };
  const told = (method: string) => lines.filter((each) => each.method === method).map(({ params }) => params.n);
  /** Posts until the queue is full; the seq of the last one. */
  const fill = () => {
    let seq = 0;
    while (connection.queuedBytes + PADDING.length * 2 < SOFT) connection.writeEvents(new EventBatch([post(++seq)]));
    return seq;
  };

  it('are written in one chunk with earlier replies, in order', async () => {
    await turn();
    connection.write(line('answer', 1));
    connection.writeEvents(new EventBatch([{ text: line('post', 2, 'vàng'), seq: 2 }, price(3)]));
    connection.write(line('answer', 4));
    await until(() => lines.length === 4);
    expect(lines.map(({ params }) => params.n)).to.deep.equal([1, 2, 3, 4]);
    expect(chunks).to.be.at.most(2);
  });

  it('are dropped above the soft limit: all prices but the newest, posts with a resync notice', async () => {
    client.pause();
    const last = fill();
    for (let n = 1; n <= 50; n++) connection.writeEvents(new EventBatch([post(last + n), price(n)]));
    expect(closed).to.equal(undefined);
    expect(connection.queuedBytes).to.be.below(SOFT + PADDING.length * 2);
    client.resume();
    await until(() => told('notice').length > 0);
    const { params } = lines.find(({ method }) => method === 'notice')!;
    const posts = told('post');
    expect(params.resync).to.equal(posts.at(-1));
    expect(posts).to.deep.equal(Array.from({ length: posts.length }, (_, i) => i + 1));
    expect(told('quote').at(-1)).to.equal(50);
    connection.writeEvents(new EventBatch([post(1000)]));
    await until(() => told('post').at(-1) === 1000);
  });

  it('never end with an older price of the same series', async () => {
    client.pause();
    fill();
    let n = 0;
    for (let i = 0; i < 20; i++) connection.writeEvents(new EventBatch([post(10_000 + i), price(++n)]));
    client.resume();
    while (told('notice').length === 0) {
      connection.writeEvents(new EventBatch([price(++n)]));
      await turn();
    }
    connection.writeEvents(new EventBatch([price(++n)]));
    await until(() => told('quote').at(-1) === n);
    const prices = told('quote');
    expect(prices).to.deep.equal([...prices].sort((a, b) => a - b));
  });

  it('of a large turn are accepted if the client reads', async () => {
    const many = Array.from({ length: 1000 }, (_, i) => post(i + 1));
    connection.writeEvents(new EventBatch(many));
    await until(() => told('notice').length > 0);
    expect(closed).to.equal(undefined);
    const { params } = lines.find(({ method }) => method === 'notice')!;
    expect(params.resync).to.equal(told('post').at(-1));
  });

  it('disconnect a client that does not read, with the reason', async () => {
    client.pause();
    while (closed === undefined) connection.write(line('answer', 1, PADDING));
    expect(closed).to.equal('the client is too slow to read');
    connection.writeEvents(new EventBatch([post(1)]));
  });
});
