import { connect } from 'node:net';
import type { FileOffer } from '../../src/peer/channel-request.ts';
import { readChannelRequest } from '../../src/peer/channel-request.ts';
import { Download } from '../../src/peer/download.ts';
import { FramedChannel } from '../../src/peer/framed-channel.ts';
import { channelOf, statesOf } from './transfer-fixture.ts';

/** Receives one offer from a local port into a folder; resume.test.ts kills it in the middle. */
const [port, into] = process.argv.slice(2);
const socket = connect(Number(port), '127.0.0.1');
socket.once('connect', async () => {
  const wire = new FramedChannel(channelOf(socket, 'ann'));
  const offer = (await readChannelRequest(wire)) as FileOffer;
  const download = new Download({ ...offer, downloadFolder: into!, stateFolder: statesOf(into!), sender: 'ann' });
  await download.open();
  const { outcome } = await download.addSource(wire, 'offer');
  process.exit(outcome === 'done' ? 0 : 1);
});
