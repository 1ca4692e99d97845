import { XMLParser } from 'fast-xml-parser';
import { AppError } from '../domain/app-error.ts';
import { UnicodeDecoder } from './unicode-decoder.ts';

/** Maximum length of an element. */
const MAX_ELEMENT_CHARACTERS = 1024 * 1024;

/**
 * Splits XML into complete elements of one name as bytes arrive. The elements must not be nested in each other.
 * @param start matches the opening tag
 * @param end matches the closing tag
 * @throws AppError INVALID_REQUEST if an element is longer than 1 MiB
 */
export async function* splitXmlElements(
  bytes: AsyncIterable<Uint8Array>,
  start: RegExp,
  end: RegExp,
): AsyncGenerator<string> {
  const reader = new UnicodeDecoder();
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
    if (held.length > MAX_ELEMENT_CHARACTERS) {
      throw new AppError('INVALID_REQUEST', 'The XML has an element of more than 1 MiB.');
    }
  };
  for await (const chunk of bytes) yield* cut(reader.push(chunk));
  yield* cut(reader.finish());
}

/** The children, attributes (with `@`) and texts of an element. */
export type XmlNode = Readonly<Record<string, unknown>>;

/** @param lists names of elements that are always parsed as lists */
export function createXmlParser(lists: readonly string[]): (text: string) => XmlNode {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    removeNSPrefix: true,
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    htmlEntities: true, // &#7865; and &amp;; without a document type nothing else expands
    ignoreDeclaration: true,
    ignorePiTags: true,
    maxNestedTags: 32,
    isArray: (name) => lists.includes(name),
  });
  return (text) => {
    if (/<!DOCTYPE/i.test(text)) {
      throw new AppError('INVALID_REQUEST', 'The XML declares a document type, which is not supported.');
    }
    try {
      return parser.parse(text) as XmlNode;
    } catch (cause) {
      throw new AppError('INVALID_REQUEST', 'The XML of the file is malformed.', { cause });
    }
  };
}
