import {
  describeConflict,
  LEGACY_PROTOCOLS,
  type ListenAddress,
  parseListenAddress,
} from '../dialects/listen-address.ts';
import { type ConfigProblem, quoteValue } from './config-problem.ts';

/** Problems of the legacy listen addresses, each alone and in combination. */
export function dialectProblems(
  dialects: readonly string[],
  { host, port }: { host: string; port: number },
  sumPort?: number,
): ConfigProblem[] {
  const addresses: ListenAddress[] = sumPort === undefined ? [] : [{ dialect: 'sum', host, port: sumPort }];
  const problems: string[] = [];
  for (const text of dialects) {
    const address = parseListenAddress(text);
    if (!address) {
      problems.push(
        `has ${quoteValue(text)}; use one of ${LEGACY_PROTOCOLS.join(', ')} with a port, such as "gold:8888" or "gold:0.0.0.0:8888"`,
      );
      continue;
    }
    if (address.port === port && port !== 0)
      problems.push(`has ${text}, a port that listen.port already uses; choose another port`);
    problems.push(...addresses.flatMap((other) => describeConflict(other, address) ?? []));
    addresses.push(address);
  }
  return problems.map((problem) => ({ path: 'dialects', problem }));
}
