/** The thread that parses response bodies: parser-thread.ts starts it and sends one task after another. */
import { parentPort } from 'node:worker_threads';
import { type ParserTask, runParserTask } from './parser-task.ts';

const port = parentPort!;
port.on('message', async (step: ParserTask) => port.postMessage(await runParserTask(step)));
port.postMessage('ready');
