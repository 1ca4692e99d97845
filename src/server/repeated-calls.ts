/** A call whose line was read and checked before. */
export interface RepeatedCall<Checked> {
  readonly method: string;
  readonly checked: Checked;
  readonly params: unknown;
}

const BEGIN = '{"jsonrpc":"2.0","id":';
const CHARACTERS = 256;
const CALLS = 1000;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Lines that come over and over and differ in nothing but their id: clients that ask for the latest rates. What one
 * of them means is kept under its text behind the id, so that the next one is neither parsed nor checked again.
 */
export class RepeatedCalls<Checked> {
  readonly #calls = new Map<string, RepeatedCall<Checked>>();

  /** The call that a line repeats, with its own id; undefined where it must be read. */
  find(line: string): { id: number; call: RepeatedCall<Checked> } | undefined {
    const end = endOfId(line);
    if (end === undefined) return undefined;
    const call = this.#calls.get(line.slice(end));
    if (!call) return undefined;
    let id = 0;
    for (let i = BEGIN.length; i < end; i++) id = id * 10 + line.charCodeAt(i) - ZERO;
    return { id, call };
  }

  /** Keeps what a line means; not for lines that hold secrets. */
  keep(line: string, call: RepeatedCall<Checked>): void {
    const end = endOfId(line);
    if (end === undefined) return;
    const rest = line.slice(end);
    // Were there another id behind the first, in plain letters or escaped, that one would count.
    if (rest.includes('"id"') || rest.includes('\\')) return;
    if (this.#calls.size >= CALLS) this.#calls.clear();
    Object.freeze(call.params); // shared by all who ask it from now on
    this.#calls.set(Buffer.from(rest).toString(), call); // a slice would hold on to all that came with it
  }
}

/** Where the id of a line ends that begins as most clients write it, with a whole number; undefined for another. */
function endOfId(line: string): number | undefined {
  if (line.length > CHARACTERS || !line.startsWith(BEGIN)) return undefined;
  let end = BEGIN.length;
  if (line.charCodeAt(end) === ZERO) return undefined; // `07` is no JSON
  for (let digit = line.charCodeAt(end); digit >= ZERO && digit <= NINE; digit = line.charCodeAt(end)) end++;
  const digits = end - BEGIN.length;
  return digits > 0 && digits <= 15 && line[end] === ',' ? end : undefined;
}
