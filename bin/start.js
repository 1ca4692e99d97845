// `npm start`: a daemon that runs, what it knows, and the dashboard; one frame of it where there is no terminal.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('run.js', import.meta.url));
const isTerminal = process.stdin.isTTY && process.stdout.isTTY && process.env.TERM !== 'dumb';
const steps = [
  ['daemon', 'start'],
  ['daemon', 'status'],
  ['attach', ...(isTerminal ? [] : ['--once'])],
];

process.on('SIGINT', () => {}); // the step that runs has it too, and decides

for (const step of steps) {
  process.stdout.write(`\n$ goldctl ${step.join(' ')}\n`);
  const status = await new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...step], { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(signal ? 1 : code));
  });
  if (status !== 0) {
    process.exitCode = status;
    break;
  }
}
