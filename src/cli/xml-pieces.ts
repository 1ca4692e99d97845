import { XMLParser } from 'fast-xml-parser';
import { Failure } from '../domain/failure.ts';
import { TextReader } from './text-reader.ts';

/** What may stand between two ends of an element, in characters. */
const MAX_PIECE_CHARACTERS = 1024 * 1024;

/**
 * Cuts XML into the elements of one name, whole and in order, as the bytes come. They must not stand inside of one another.
 * @param start matches where such an element begins
 * @param end matches its closing tag
 * @throws Failure INVALID_REQUEST when one is longer than 1 MiB
 */
export async function* xmlPieces(bytes: AsyncIterable<Uint8Array>, start: RegExp, end: RegExp): AsyncGenerator<string> {
  const reader = new TextReader();
  let held = '';
  const cut = function* (text: string): Generator<string> {
    held += text;
    let from = 0;
    const closing = new RegExp(end.source, 'g');
    for (let match = closing.exec(held); match; match = closing.exec(held)) {
      const piece = held.slice(from, match.index + match[0].length);
      from = match.index + match[0].length;
      const begin = piece.search(start);
      if (begin >= 0) yield piece.slice(begin);
    }
    held = held.slice(from);
    if (held.length > MAX_PIECE_CHARACTERS) {
      throw new Failure('INVALID_REQUEST', 'The XML has an element of more than 1 MiB where a row should end.');
    }
  };
  for await (const chunk of bytes) yield* cut(reader.push(chunk));
  yield* cut(reader.end());
}

/** An element as its names, attributes (with `@`) and texts. */
export type XmlNode = Readonly<Record<string, unknown>>;

/** @param lists names that stand for several elements even where there is one */
export function xmlReader(lists: readonly string[]): (text: string) => XmlNode {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    removeNSPrefix: true,
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    htmlEntities: true, // &#7865; as well as &amp;; nothing else expands without a document type
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: 32,
    isArray: (name) => lists.includes(name),
  });
  return (text) => {
    if (/<!DOCTYPE/i.test(text)) {
      throw new Failure('INVALID_REQUEST', 'The XML declares a document type, which no file of prices needs.');
    }
    try {
      return parser.parse(text) as XmlNode;
    } catch (cause) {
      throw new Failure('INVALID_REQUEST', 'The XML of the file cannot be read: it is damaged.', { cause });
    }
  };
}
