import jmespath from 'jmespath';
import { BodyError } from './provider.ts';

interface Node {
  readonly type: string;
  readonly name?: string;
  readonly children?: readonly (Node | null)[];
  readonly value?: unknown;
}

// Its type declarations know `search` only.
const compile = (jmespath as unknown as { compile(text: string): Node }).compile;

const FUNCTIONS = new Set(
  (
    'abs avg ceil contains ends_with floor join keys length map max max_by merge min min_by not_null reverse sort ' +
    'sort_by starts_with sum to_array to_number to_string type values'
  ).split(' '),
);

/** A JMESPath expression (https://jmespath.org), checked when it is made rather than when the first body comes. */
export class Expression {
  readonly #text: string;

  /** @throws Error that says what is wrong with the text. */
  constructor(text: string) {
    check(compile(text));
    this.#text = text;
  }

  /**
   * The value of the expression on JSON; null when there is none.
   * @param path names the field in the error.
   * @throws BodyError when a function in it meets a value that it cannot take.
   */
  evaluate(json: unknown, path: string): unknown {
    try {
      return jmespath.search(json, this.#text) ?? null;
    } catch {
      throw new BodyError(path, `a value that \`${this.#text}\` can take`);
    }
  }
}

/** What the library finds out only when it meets a body: functions that do not exist, and unfinished paths. */
function check(node: Node | null | undefined): void {
  if (!node) throw new Error('it is unfinished');
  if (node.type === 'Function' && !FUNCTIONS.has(node.name ?? '')) {
    throw new Error(`there is no function ${node.name}()`);
  }
  if (node.type === 'KeyValuePair') check(node.value as Node);
  if (node.type === 'Literal' || node.type === 'Slice') return;
  for (const child of node.children ?? []) check(child);
}
