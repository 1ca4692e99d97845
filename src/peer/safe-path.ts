import { Buffer } from 'node:buffer';
import { AppError } from '../domain/app-error.ts';
import { normalizeUnicode } from '../domain/unicode-normalization.ts';
import { type FileSpec, MAX_PATH_BYTES } from './peer-message.ts';

/** The usual limit of file systems for one name. */
const MAX_SEGMENT_BYTES = 255;
/** Leaves space for ` (9999)` and `.part`. */
const MAX_NAME_BYTES = 235;
const MAX_DEPTH = 32;

/** Control and invisible characters and lone surrogates, except the joiners that Persian, Hindi and emoji need. */
const INVISIBLE_PATTERN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** Forbidden in names on Windows; `/` and `\` separate segments on one system or the other. */
const FORBIDDEN_PATTERN = /[<>:"|?*/\\]/;
const JOINERS_PATTERN = /[\u200c\u200d]/g;
/** Suffixes of partial files, and of their state files in older versions. Members cannot choose such names. */
const PART_SUFFIX_PATTERN = /\.part(\.state)?$/;
/** Ignored by some file systems when they compare names. */
const IGNORABLE_PATTERN = /\p{Default_Ignorable_Code_Point}/gu;
/** Device names on Windows, with any extension. */
const DEVICE_NAME_PATTERN = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i;

/**
 * The name under which a received file or top folder is saved: the last segment of the name given by the peer, without
 * anything that is invisible or has a special meaning on some system. It is never empty, a path, or the name of a
 * partial file.
 */
export function safeName(named: string): string {
  const base = normalizeUnicode(named).split(/[/\\]/).at(-1) ?? '';
  const plain = base
    .replace(new RegExp(INVISIBLE_PATTERN, 'gu'), '')
    .replace(new RegExp(FORBIDDEN_PATTERN, 'g'), '_')
    .replace(/^[\s.\u200c\u200d]+|[\s.]+$/gu, '');
  const name =
    truncateName(DEVICE_NAME_PATTERN.test(plain.replace(JOINERS_PATTERN, '')) ? `_${plain}` : plain) || 'file';
  return isPartialFileName(name) ? `${name}_` : name;
}

/** Whether some file system treats this name as that of a partial file. */
function isPartialFileName(name: string): boolean {
  return PART_SUFFIX_PATTERN.test(caseFold(name.replace(IGNORABLE_PATTERN, '')).replace(/[\s.]+$/u, ''));
}

/** Keeps the extension. */
function truncateName(name: string): string {
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return name;
  const { stem, extension } = splitExtension(name);
  let short = '';
  let bytes = Buffer.byteLength(extension);
  for (const letter of stem) {
    bytes += Buffer.byteLength(letter);
    if (bytes > MAX_NAME_BYTES) break;
    short += letter;
  }
  return `${short.trimEnd()}${extension}`;
}

function splitExtension(name: string): { stem: string; extension: string } {
  const [extension = ''] = /(?:\.tar)?\.[^.\s]{1,16}$/iu.exec(name) ?? [];
  if (extension.length === name.length) return { stem: name, extension: '' };
  return { stem: name.slice(0, name.length - extension.length), extension };
}

/** `name.ext` for 0, `name (1).ext` for 1, and so on. */
export function withNumberSuffix(name: string, number: number): string {
  if (number === 0) return name;
  const { stem, extension } = splitExtension(name);
  return `${stem} (${number})${extension}`;
}

/** @returns why a name is not allowed for a file or folder in a transfer; undefined if it is allowed */
export function pathProblem(segment: string): string | undefined {
  const plain = segment.replace(JOINERS_PATTERN, '');
  if (plain === '') return 'is empty';
  if (segment !== normalizeUnicode(segment)) return 'is not in Unicode normal form C';
  if (INVISIBLE_PATTERN.test(segment)) return 'has invisible characters';
  if (FORBIDDEN_PATTERN.test(segment)) return 'contains one of / \\ : * ? " < > |';
  if (plain.startsWith('.')) return 'starts with a dot';
  if (/^\s|[\s.]$/u.test(plain)) return 'starts or ends with a space, or ends with a dot';
  if (DEVICE_NAME_PATTERN.test(plain)) return 'is a device name on Windows';
  if (isPartialFileName(segment)) return 'ends with .part, like a partial file';
  if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return `is longer than ${MAX_SEGMENT_BYTES} bytes`;
  return undefined;
}

/** @throws AppError NOT_ALLOWED with the path and the problem */
export function assertSafePath(path: string): void {
  const segments = path.split('/');
  const shown = path.replace(new RegExp(INVISIBLE_PATTERN, 'gu'), '�');
  if (segments.length > MAX_DEPTH) throw unsafePathError(shown, `is nested more than ${MAX_DEPTH} folders deep`);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw unsafePathError(shown.slice(0, 80), `is longer than ${MAX_PATH_BYTES} bytes`);
  for (const segment of segments) {
    const problem = pathProblem(segment);
    if (problem) throw unsafePathError(shown, problem);
  }
}

/**
 * Checks all paths of an offered folder, also against each other: no two may be equal on a file system that ignores
 * case, and none may be both a file and a folder.
 * @throws AppError NOT_ALLOWED
 */
export function assertSafePaths(files: readonly Pick<FileSpec, 'path'>[]): void {
  const kinds = new Map<string, 'file' | 'folder'>();
  const spelled = new Map<string, string>();
  for (const { path } of files) {
    assertSafePath(path);
    const segments = path.split('/');
    for (let i = 1; i <= segments.length; i += 1) {
      const prefix = segments.slice(0, i).join('/');
      const folded = caseFold(prefix);
      const kind = i === segments.length ? 'file' : 'folder';
      const other = kinds.get(folded);
      const hasConflict = other !== undefined && (kind === 'file' || other === 'file');
      if (hasConflict || (other && spelled.get(folded) !== prefix))
        throw unsafePathError(path, 'conflicts with another name on file systems that ignore case');
      kinds.set(folded, kind);
      spelled.set(folded, prefix);
    }
  }
}

function caseFold(path: string): string {
  const normalized = normalizeUnicode(path, 'NFKC').replace(JOINERS_PATTERN, '');
  return normalizeUnicode(normalized.toUpperCase().toLowerCase(), 'NFKC');
}

function unsafePathError(path: string, problem: string): AppError {
  const message = `The name "${path}" ${problem}, so it is not safe on every system. Rename it, then send it again.`;
  return new AppError('NOT_ALLOWED', message, { data: { path } });
}
