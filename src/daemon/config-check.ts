import { readFile } from 'node:fs/promises';
import { Failure } from '../domain/failure.ts';
import type { Home } from '../home.ts';
import { readCertificate } from './certificate.ts';
import { readConfig } from './config.ts';
import { sourceFailures } from './sources.ts';

/**
 * Everything in config.json and tls/daemon.pem that would keep a daemon of this home from starting, or from reading
 * them once more; empty when all is well, also where neither is there.
 */
export async function checkConfig(home: Home): Promise<Failure[]> {
  const failures: Failure[] = [];
  const collect = (thrown: unknown) => void failures.push(Failure.from(thrown));
  const text = await readFile(home.configFile, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const { code } = cause;
    if (code !== 'ENOENT')
      collect(new Failure('STORE_FAILED', `${home.configFile} cannot be read (${code}).`, { cause }));
    return '{}';
  });
  const read = readConfig(text, home.configFile);
  failures.push(...read.failures);
  if (read.config) {
    const named = new Set(read.failures.map(({ data }) => data.path));
    for (const failure of sourceFailures(read.config.rates.providers)) {
      if (!named.has(failure.data.path)) failures.push(failure); // said once is enough
    }
  }
  await readCertificate(home).catch(collect);
  return failures;
}
