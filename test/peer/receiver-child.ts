import { connect } from 'node:net';
import { Download } from '../../src/peer/download.ts';
import type { Offer } from '../../src/peer/opening.ts';
import { readOpening } from '../../src/peer/opening.ts';
import { Wire } from '../../src/peer/wire.ts';
import { channelOf, statesOf } from './transfer-fixture.ts';

/** Receives one offer from a port of this machine into a folder; resume.test.ts kills it in the middle. */
const [port, into] = process.argv.slice(2);
const socket = connect(Number(port), '127.0.0.1');
socket.once('connect', async () => {
  const wire = new Wire(channelOf(socket, 'ann'));
  const offer = (await readOpening(wire)) as Offer;
  const download = new Download({ ...offer, into: into!, states: statesOf(into!), from: 'ann' });
  await download.open();
  const { why } = await download.add(wire, 'offer');
  process.exit(why === 'done' ? 0 : 1);
});
