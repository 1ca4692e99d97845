import { closest, distance } from 'fastest-levenshtein';
import {
  findNodeAtLocation,
  type ParseError,
  parse,
  parseTree,
  printParseErrorCode,
  stripComments,
} from 'jsonc-parser';
import { AppError } from './domain/app-error.ts';

/**
 * Parses a file of settings, config.json or dashboard.json: JSON with comments.
 * @param file its name in errors
 * @throws AppError CONFIG_INVALID with line and column
 */
export function parseJsonWithComments(text: string, file: string): unknown {
  const json = withoutComments(text);
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw jsonSyntaxError(json, file, cause);
  }
}

/** The line, from 1, where the value at a path is written; undefined: there is none. */
export function lineOfValue(text: string, path: readonly string[]): number | undefined {
  const json = withoutComments(text);
  const root = parseTree(json);
  const node = root && findNodeAtLocation(root, [...path]);
  return node && json.slice(0, node.offset).split('\n').length;
}

/**
 * What to append to the problem of an unknown setting: `; did you mean "port"?`
 * @param otherwise the advice if no known name is similar
 */
export function suggestSetting(
  key: string,
  known: readonly string[],
  otherwise = `; remove it or use one of ${known.join(', ')}`,
): string {
  if (known.length === 0) return '';
  const match = closest(
    key.toLowerCase(),
    known.map((name) => name.toLowerCase()),
  );
  const name = known.find((name) => name.toLowerCase() === match)!;
  return distance(key.toLowerCase(), match) <= Math.max(2, name.length / 3) ? `; did you mean "${name}"?` : otherwise;
}

/** Replaces comments by blanks, so that positions stay the same. */
function withoutComments(text: string): string {
  return stripComments(text.replace(/^\ufeff/, ''), ' ');
}

/** JSON.parse reports the position only in some of its messages, so another parser looks for it. */
function jsonSyntaxError(json: string, file: string, cause: unknown): AppError {
  const errors: ParseError[] = [];
  try {
    parse(json, errors);
  } catch {
    // nested too deeply for this parser
  }
  const [error] = errors;
  const lines = json.slice(0, error?.offset ?? 0).split('\n');
  const [line, column] = [lines.length, lines.at(-1)!.length + 1];
  const problem = error
    ? printParseErrorCode(error.error)
        .replace(/(?=[A-Z])/g, ' ')
        .toLowerCase()
    : ' too deep';
  const message = `${file}, line ${line}, column ${column} is not valid JSON:${problem}.`;
  return new AppError('CONFIG_INVALID', message, { cause, data: { file, line, column } });
}
