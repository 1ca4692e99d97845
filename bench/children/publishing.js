// Bare JetStream: the official client publishes like an engine, by writers that each wait for their last publish.
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { answer, options, say, sleep } from './child.js';

const { servers, prefix, replicas, writers, text, warmUpMs, measureMs } = options;

const connection = await connect({ servers });
const manager = await jetstreamManager(connection);
await manager.streams.add({ name: prefix, subjects: [`${prefix}.>`], num_replicas: replicas });
const client = jetstream(connection);
answer({ stop: () => connection.close() });

const times = [];
let count = 0;
let going = true;
let measuring = false;
const writer = async () => {
  while (going) {
    const at = performance.now();
    const record = { kind: 'forum.posted', at: Date.now(), member: 'yoda', text, topic: 'lobby', replyTo: null };
    count += 1;
    await client.publish(`${prefix}.posted`, JSON.stringify(record), { msgID: `bench.${count}` });
    if (measuring) times.push(performance.now() - at);
  }
};
const all = Array.from({ length: writers }, writer);
await sleep(warmUpMs);
measuring = true;
const from = performance.now();
await sleep(measureMs);
measuring = false;
const seconds = (performance.now() - from) / 1000;
going = false;
await Promise.all(all);
say({ perSecond: times.length / seconds, times });
