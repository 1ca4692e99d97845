import { conflict, DIALECTS, type DialectPlace, parsePlace } from '../dialects/place.ts';
import { type Problem, show } from './problem.ts';

/** What is wrong with the places of dialects, each by itself and together. */
export function dialectProblems(
  dialects: readonly string[],
  { host, port }: { host: string; port: number },
  sumPort?: number,
): Problem[] {
  const places: DialectPlace[] = sumPort === undefined ? [] : [{ dialect: 'sum', host, port: sumPort }];
  const problems: string[] = [];
  for (const text of dialects) {
    const place = parsePlace(text);
    if (!place) {
      problems.push(
        `has ${show(text)}; write one of ${DIALECTS.join(', ')} and a port, as "gold:8888", or with an address as "gold:0.0.0.0:8888"`,
      );
      continue;
    }
    if (place.port === port && port !== 0)
      problems.push(`has ${text}, a port which listen.port is; write another port`);
    problems.push(...places.flatMap((other) => conflict(other, place) ?? []));
    places.push(place);
  }
  return problems.map((problem) => ({ path: 'dialects', problem }));
}
