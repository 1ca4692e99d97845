/** A call whose line is parsed and validated. */
export interface ParsedCall<Checked> {
  readonly method: string;
  readonly compiled: Checked;
  readonly params: unknown;
}

const LINE_PREFIX = '{"jsonrpc":"2.0","id":';
const MAX_LINE_CHARACTERS = 256;
const MAX_CACHED_CALLS = 1000;
const CODE_0 = 0x30;
const CODE_9 = 0x39;

/** Caches calls by their text after the id, so that polled calls are neither parsed nor validated again. */
export class ParsedCallCache<Checked> {
  readonly #calls = new Map<string, ParsedCall<Checked>>();

  /** The cached call of a line, with the id of the line; undefined if the line must be parsed. */
  find(line: string): { id: number; call: ParsedCall<Checked> } | undefined {
    const end = endOfId(line);
    if (end === undefined) return undefined;
    const call = this.#calls.get(line.slice(end));
    if (!call) return undefined;
    let id = 0;
    for (let i = LINE_PREFIX.length; i < end; i++) id = id * 10 + line.charCodeAt(i) - CODE_0;
    return { id, call };
  }

  /** Must not be called for lines with secrets. */
  add(line: string, call: ParsedCall<Checked>): void {
    const end = endOfId(line);
    if (end === undefined) return;
    const rest = line.slice(end);
    // A second id, plain or escaped, would override the first.
    if (rest.includes('"id"') || rest.includes('\\')) return;
    if (this.#calls.size >= MAX_CACHED_CALLS) this.#calls.clear();
    Object.freeze(call.params); // shared by all later callers
    this.#calls.set(Buffer.from(rest).toString(), call); // a slice would retain the whole chunk
  }
}

/** The end of a whole-number id in the usual spelling of a request; undefined for other lines. */
function endOfId(line: string): number | undefined {
  if (line.length > MAX_LINE_CHARACTERS || !line.startsWith(LINE_PREFIX)) return undefined;
  let end = LINE_PREFIX.length;
  if (line.charCodeAt(end) === CODE_0) return undefined; // `07` is not JSON
  for (let digit = line.charCodeAt(end); digit >= CODE_0 && digit <= CODE_9; digit = line.charCodeAt(end)) end++;
  const digits = end - LINE_PREFIX.length;
  return digits > 0 && digits <= 15 && line[end] === ',' ? end : undefined;
}
