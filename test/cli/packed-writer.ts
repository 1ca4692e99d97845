/** Writes what cannot be packed into the file that the argument names, and says how that ended. */
import { randomBytes } from 'node:crypto';
import { writePacked } from '../../src/cli/packed-file.ts';
import { Failure } from '../../src/domain/failure.ts';

async function* noise(): AsyncGenerator<string> {
  for (let i = 0; i < 200; i++) yield randomBytes(1000).toString('base64');
}

try {
  await writePacked(process.argv[2]!, noise(), { force: false });
  process.stdout.write('written\n');
} catch (thrown) {
  const { code, message } = Failure.from(thrown);
  process.stdout.write(`${code} ${message}\n`);
}
