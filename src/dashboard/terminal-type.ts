import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type ColourDepth, TRUE_COLOUR } from './presentation/theme.ts';

export interface TerminalType {
  readonly colours: ColourDepth;
  /** Whether the terminal understands ECMA-48 (ANSI) sequences, in which frames are written. */
  readonly isAnsi: boolean;
}

/** What the terminfo database says about a terminal. */
export interface TerminfoEntry {
  readonly maxColors: number | undefined;
  /** The format of a cursor movement; undefined: the terminal cannot move the cursor. */
  readonly cursorAddress: string | undefined;
}

const MAX_ENTRY_BYTES = 65_536;
/** Indexes in the lists of numbers and strings, as in <term.h>. */
const MAX_COLORS = 13;
const CURSOR_ADDRESS = 10;
/** The first two bytes of an entry: numbers of 16 or of 32 bits. */
const MAGIC_16_BIT = 0o432;
const MAGIC_32_BIT = 0o1036;
const HEADER_BYTES = 12;

/**
 * What the terminal of TERM can show. Other variables only tell which of the terminals of that name it is, so a terminal
 * without colours has none, whatever COLORTERM was inherited from another one.
 */
export function terminalType(env: NodeJS.ProcessEnv, read = readTerminfo): TerminalType {
  const { TERM: name = '' } = env;
  const entry = /^[\w.+-]{1,64}$/.test(name) ? read(name, env) : undefined;
  const isAnsi = entry ? isAnsiMovement(entry.cursorAddress) : name !== 'dumb' && name !== 'unknown';
  return { isAnsi, colours: env.NO_COLOR ? 0 : colourDepth(env, entry) };
}

function colourDepth({ TERM: name = '', COLORTERM = '' }: NodeJS.ProcessEnv, entry?: TerminfoEntry): ColourDepth {
  const known = entry ? Math.max(0, entry.maxColors ?? 0) : coloursByName(name);
  if (known < 8) return 0;
  const hasTrueColour = /truecolor|24bit/i.test(COLORTERM);
  // GNU Screen does not pass true colours on, and inherits COLORTERM from the terminal around it.
  if (hasTrueColour && !name.startsWith('screen')) return TRUE_COLOUR;
  if (known > 256) return TRUE_COLOUR;
  if (known === 256 || hasTrueColour || /256/.test(name)) return 256;
  return known >= 16 ? 16 : 8;
}

/** For a name without an entry. Unknown terminals are taken for one like xterm. */
function coloursByName(name: string): number {
  if (/^(?:vt\d|dumb|unknown)|-(?:m|mono)$/.test(name)) return 0;
  if (/-direct/.test(name)) return TRUE_COLOUR;
  if (/^(?:linux|ansi|cygwin|cons25)/.test(name) || /-color$/.test(name)) return 8;
  return /16color/.test(name) ? 16 : 256;
}

function isAnsiMovement(format: string | undefined): boolean {
  return format?.startsWith('\x1b[') === true && /%[\w']*[di]/.test(format);
}

/** Reads the entry of a terminal, without the database tools, which may be missing. */
function readTerminfo(name: string, env: NodeJS.ProcessEnv): TerminfoEntry | undefined {
  for (const folder of terminfoFolders(env)) {
    for (const group of [name[0]!, name.charCodeAt(0).toString(16)]) {
      try {
        const entry = parseTerminfo(readFileSync(join(folder, group, name)));
        if (entry) return entry;
      } catch {
        // Not in this folder.
      }
    }
  }
  return undefined;
}

export function terminfoFolders({ TERMINFO = '', TERMINFO_DIRS = '' }: NodeJS.ProcessEnv): string[] {
  return [
    ...[TERMINFO, join(homedir(), '.terminfo'), ...TERMINFO_DIRS.split(':')].filter(Boolean),
    '/etc/terminfo',
    '/lib/terminfo',
    '/usr/share/terminfo',
    '/usr/lib/terminfo',
    '/usr/local/share/terminfo',
  ];
}

/** Parses a compiled entry, see term(5). Returns undefined for anything else. */
export function parseTerminfo(bytes: Buffer): TerminfoEntry | undefined {
  if (bytes.length < HEADER_BYTES || bytes.length > MAX_ENTRY_BYTES) return undefined;
  const [magic, nameBytes, flagCount, numberCount, stringCount, tableBytes] = Array.from({ length: 6 }, (_, i) =>
    bytes.readUInt16LE(i * 2),
  ) as [number, number, number, number, number, number];
  if (magic !== MAGIC_16_BIT && magic !== MAGIC_32_BIT) return undefined;
  const numberBytes = magic === MAGIC_32_BIT ? 4 : 2;
  const flagsEnd = HEADER_BYTES + nameBytes + flagCount;
  const numbersAt = flagsEnd + (flagsEnd % 2);
  const stringsAt = numbersAt + numberCount * numberBytes;
  const tableAt = stringsAt + stringCount * 2;
  if (tableAt + tableBytes > bytes.length) return undefined;
  const colorsAt = numbersAt + MAX_COLORS * numberBytes;
  const colors =
    numberCount <= MAX_COLORS ? -1 : numberBytes === 4 ? bytes.readInt32LE(colorsAt) : bytes.readInt16LE(colorsAt);
  const offset = stringCount <= CURSOR_ADDRESS ? -1 : bytes.readInt16LE(stringsAt + CURSOR_ADDRESS * 2);
  const start = tableAt + offset;
  const end = offset < 0 || offset >= tableBytes ? -1 : bytes.indexOf(0, start);
  return {
    maxColors: colors < 0 ? undefined : colors,
    cursorAddress: end < 0 ? undefined : bytes.toString('latin1', start, end),
  };
}
