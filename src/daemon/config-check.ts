import { readFile } from 'node:fs/promises';
import { AppError } from '../domain/app-error.ts';
import type { HomeDirectory } from '../home-directory.ts';
import { readCertificate } from './certificate.ts';
import { readConfig } from './config.ts';
import { providerConfigErrors } from './configure-providers.ts';

/** Everything in config.json and tls/daemon.pem that would prevent a start or a reload. */
export async function checkConfig(home: HomeDirectory): Promise<AppError[]> {
  const failures: AppError[] = [];
  const collect = (thrown: unknown) => void failures.push(AppError.from(thrown));
  const text = await readFile(home.configFile, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const { code } = cause;
    if (code !== 'ENOENT')
      collect(new AppError('STORE_FAILED', `${home.configFile} cannot be read (${code}).`, { cause }));
    return '{}';
  });
  const read = readConfig(text, home.configFile);
  failures.push(...read.failures);
  if (read.config) {
    const named = new Set(read.failures.map(({ data }) => data.path));
    for (const failure of providerConfigErrors(read.config.rates.providers)) {
      if (!named.has(failure.data.path)) failures.push(failure); // do not report the same setting twice
    }
  }
  await readCertificate(home).catch(collect);
  return failures;
}
