import { jetstreamManager } from '@nats-io/jetstream';
import { connect, createInbox, headers, type NatsConnection } from '@nats-io/transport-node';
import { expect } from 'chai';
import { PublishError, Publisher } from '../../../src/engine/nats/publisher.ts';
import { NatsFixture } from '../../nats-fixture.ts';

describe('Publisher', () => {
  let nats: NatsFixture;
  let connection: NatsConnection;
  let publisher: Publisher;

  before(async function () {
    this.timeout(60_000);
    nats = await NatsFixture.start(this, { nodes: 1 });
    connection = await connect({ servers: nats.servers });
    await (await jetstreamManager(connection)).streams.add({ name: 'published', subjects: ['published.>'] });
    connection.subscribe('mute', { callback: () => {} });
    connection.subscribe('odd', { callback: (_, message) => void message.respond('no JSON') });
    publisher = new Publisher({ connection, headers, inbox: createInbox() });
    publisher.start();
  });

  after(async () => {
    publisher?.stop();
    await connection?.close();
    await nats?.stop();
  });

  let ids = 0;
  const publish = (subject: string, more: { id?: string; expectedSeq?: number; timeoutMs?: number } = {}) => {
    ids += 1;
    return publisher.publish({
      subject,
      payload: 'a',
      id: `${ids}`,
      expectedSeq: undefined,
      timeoutMs: 10_000,
      ...more,
    });
  };
  const refusal = (promise: Promise<unknown>): Promise<PublishError> =>
    promise.then(
      () => expect.fail('expected a refusal'),
      (error: unknown) => {
        if (error instanceof PublishError) return error;
        throw error;
      },
    );

  it('resolves with the seqs of published messages, many at a time, and the same seq for the same id', async () => {
    const seqs = await Promise.all(Array.from({ length: 50 }, () => publish('published.many')));
    expect(seqs).to.deep.equal(Array.from({ length: 50 }, (_, i) => i + 1));
    expect(await publish('published.many', { id: '7' })).to.equal(7);
  });

  it('rejects with the error number of the stream', async () => {
    const last = await publish('published.one', { expectedSeq: 0 });
    expect(await publish('published.one', { expectedSeq: last })).to.equal(last + 1);
    expect(await refusal(publish('published.one', { expectedSeq: last }))).to.include({ code: 10_071, status: 400 });
  });

  it('reports that there is no listener, no reply, or an invalid reply', async () => {
    expect(await refusal(publish('nowhere'))).to.include({ code: undefined, status: 503 });
    expect(await refusal(publish('mute', { timeoutMs: 20 }))).to.include({ code: undefined, status: 408 });
    const odd = await publish('odd').catch((error: Error) => error);
    expect(odd).to.be.instanceOf(SyntaxError);
  });

  it('waits for nothing after stop', async () => {
    const other = new Publisher({ connection, headers, inbox: createInbox() });
    other.start();
    const waits = other.publish({ subject: 'mute', payload: '', id: 'x', expectedSeq: undefined, timeoutMs: 60_000 });
    other.stop();
    expect(await refusal(waits)).to.include({ status: 408 });
  });
});
