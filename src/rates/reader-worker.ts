/** The thread in which bodies of sources are read: worker-reader.ts starts it and sends it one step after another. */
import { parentPort } from 'node:worker_threads';
import { type ReaderStep, runStep } from './reader-step.ts';

const port = parentPort!;
port.on('message', async (step: ReaderStep) => port.postMessage(await runStep(step)));
port.postMessage('ready');
