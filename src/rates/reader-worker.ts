/** The thread that parses response bodies: reader-thread.ts starts it and sends one task after another. */
import { parentPort } from 'node:worker_threads';
import { type ReaderTask, runReaderTask } from './reader-task.ts';

const port = parentPort!;
port.on('message', async (step: ReaderTask) => port.postMessage(await runReaderTask(step)));
port.postMessage('ready');
