// What happens when the output of a command cannot be written. None of it is an error of the program.

const REASONS = {
  ENOSPC: 'there is no space left',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file would be too large',
};

/** Ends the command if standard output fails, and goes on without standard error if that fails. */
export function handleOutputErrors() {
  process.stdout.on('error', ({ code, message }) => {
    if (process.stdout.isTTY) {
      // The terminal was closed. The dashboard has a listener of its own, to end in order.
      if (process.stdout.listenerCount('error') === 1) process.exit(129);
      return;
    }
    if (code === 'EPIPE') process.exit(0); // the reader (`| head`) has what it wanted
    process.stderr.write(`Error: The output cannot be written: ${REASONS[code] ?? code ?? message}.\n`);
    process.exit(1);
  });
  process.stderr.on('error', () => {}); // a transfer must not end because nobody reads its progress
}
