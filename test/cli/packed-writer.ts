/** Writes what cannot be packed into the file that the argument names, and says how that ended. */
import { randomBytes } from 'node:crypto';
import { writeGzipAtomic } from '../../src/cli/gzip-file.ts';
import { AppError } from '../../src/domain/app-error.ts';

async function* noise(): AsyncGenerator<string> {
  for (let i = 0; i < 200; i++) yield randomBytes(1000).toString('base64');
}

try {
  await writeGzipAtomic(process.argv[2]!, noise(), { force: false });
  process.stdout.write('written\n');
} catch (thrown) {
  const { code, message } = AppError.from(thrown);
  process.stdout.write(`${code} ${message}\n`);
}
