import jmespath from 'jmespath';
import { ResponseFormatError } from './provider.ts';

interface SyntaxNode {
  readonly type: string;
  readonly name?: string;
  readonly children?: readonly (SyntaxNode | null)[];
  readonly value?: unknown;
}

// The type declarations lack `compile`.
const compile = (jmespath as unknown as { compile(text: string): SyntaxNode }).compile;

const KNOWN_FUNCTIONS = new Set(
  (
    'abs avg ceil contains ends_with floor join keys length map max max_by merge min min_by not_null reverse sort ' +
    'sort_by starts_with sum to_array to_number to_string type values'
  ).split(' '),
);

/** A JMESPath expression (https://jmespath.org), validated on construction rather than on the first body. */
export class Expression {
  readonly #text: string;

  /** @throws Error that describes the syntax error */
  constructor(text: string) {
    assertComplete(compile(text));
    this.#text = text;
  }

  /**
   * Evaluates the expression; null if there is no value.
   * @param path names the field in the error
   * @throws ResponseFormatError if a function gets a value that it does not accept
   */
  evaluate(json: unknown, path: string): unknown {
    try {
      return jmespath.search(json, this.#text) ?? null;
    } catch {
      throw new ResponseFormatError(path, `a value that \`${this.#text}\` accepts`);
    }
  }
}

/** Finds what the library reports only on evaluation: unknown functions and unfinished paths. */
function assertComplete(node: SyntaxNode | null | undefined): void {
  if (!node) throw new Error('it is unfinished');
  if (node.type === 'Function' && !KNOWN_FUNCTIONS.has(node.name ?? '')) {
    throw new Error(`there is no function ${node.name}()`);
  }
  if (node.type === 'KeyValuePair') assertComplete(node.value as SyntaxNode);
  if (node.type === 'Literal' || node.type === 'Slice') return;
  for (const child of node.children ?? []) assertComplete(child);
}
