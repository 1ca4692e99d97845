import { Buffer } from 'node:buffer';
import { Failure } from '../domain/failure.ts';
import { normalForm } from '../domain/normal-form.ts';
import { type FileSpec, MAX_PATH } from './message.ts';

/** What file systems allow in one name. */
const SEGMENT_BYTES = 255;
/** Room for ` (9999)` and `.part`. */
const NAME_BYTES = 235;
const MAX_DEPTH = 32;

/** Controls, invisible formatting (but the joiners, which Persian, Hindi and emoji need), lone surrogates. */
const UNSEEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** What Windows takes in no name; `/` and `\` part segments on one system or the other. */
const FORBIDDEN = /[<>:"|?*/\\]/;
const JOINERS = /[\u200c\u200d]/g;
/** How files on their way end, and their states in older versions: no name that a member chooses does. */
const PART = /\.part(\.state)?$/;
/** What some file systems do not look at when they compare names. */
const IGNORED = /\p{Default_Ignorable_Code_Point}/gu;
/** Names of devices on Windows, with any extension. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)/i;

/**
 * The name under which a single file, or the top folder, is saved here: the last segment of what the peer names, with
 * everything taken out that hides, escapes or means something else on some system. Never empty, never a path, never
 * one that a file on its way may have.
 */
export function safeName(named: string): string {
  const base = normalForm(named).split(/[/\\]/).at(-1) ?? '';
  const plain = base
    .replace(new RegExp(UNSEEN, 'gu'), '')
    .replace(new RegExp(FORBIDDEN, 'g'), '_')
    .replace(/^[\s.\u200c\u200d]+|[\s.]+$/gu, '');
  const name = shorten(DEVICE.test(plain.replace(JOINERS, '')) ? `_${plain}` : plain) || 'file';
  return isPart(name) ? `${name}_` : name;
}

/** Whether a file of this name is one on its way, on some file system. */
function isPart(name: string): boolean {
  return PART.test(fold(name.replace(IGNORED, '')).replace(/[\s.]+$/u, ''));
}

/** Keeps the extension where there is one. */
function shorten(name: string): string {
  if (Buffer.byteLength(name) <= NAME_BYTES) return name;
  const { stem, extension } = partsOf(name);
  let short = '';
  let bytes = Buffer.byteLength(extension);
  for (const letter of stem) {
    bytes += Buffer.byteLength(letter);
    if (bytes > NAME_BYTES) break;
    short += letter;
  }
  return `${short.trimEnd()}${extension}`;
}

function partsOf(name: string): { stem: string; extension: string } {
  const [extension = ''] = /(?:\.tar)?\.[^.\s]{1,16}$/iu.exec(name) ?? [];
  if (extension.length === name.length) return { stem: name, extension: '' };
  return { stem: name.slice(0, name.length - extension.length), extension };
}

/** `name.ext` for 0, `name (1).ext` for 1, and so on. */
export function numbered(name: string, number: number): string {
  if (number === 0) return name;
  const { stem, extension } = partsOf(name);
  return `${stem} (${number})${extension}`;
}

/** Why a name may be none of a file or folder in a transfer; undefined where it may. */
export function faultOf(segment: string): string | undefined {
  const plain = segment.replace(JOINERS, '');
  if (plain === '') return 'is empty';
  if (segment !== normalForm(segment)) return 'is not in Unicode normal form C';
  if (UNSEEN.test(segment)) return 'has characters that nobody sees';
  if (FORBIDDEN.test(segment)) return 'has one of / \\ : * ? " < > |';
  if (plain.startsWith('.')) return 'begins with a dot';
  if (/^\s|[\s.]$/u.test(plain)) return 'begins or ends with a space, or ends with a dot';
  if (DEVICE.test(plain)) return 'is the name of a device on Windows';
  if (isPart(segment)) return 'ends like that of a file on its way (.part)';
  if (Buffer.byteLength(segment) > SEGMENT_BYTES) return `has more than ${SEGMENT_BYTES} bytes`;
  return undefined;
}

/** @throws Failure NOT_ALLOWED naming the path and what is wrong with it */
export function checkPath(path: string): void {
  const segments = path.split('/');
  const shown = path.replace(new RegExp(UNSEEN, 'gu'), '�');
  if (segments.length > MAX_DEPTH) throw unsafe(shown, `has more than ${MAX_DEPTH} folders`);
  if (Buffer.byteLength(path) > MAX_PATH) throw unsafe(shown.slice(0, 80), `has more than ${MAX_PATH} bytes`);
  for (const segment of segments) {
    const fault = faultOf(segment);
    if (fault) throw unsafe(shown, fault);
  }
}

/**
 * Checks all paths of an offered folder, also against one another: no two are one on a file system that folds case,
 * and none is a file here and a folder there.
 * @throws Failure NOT_ALLOWED
 */
export function checkPaths(files: readonly Pick<FileSpec, 'path'>[]): void {
  const kinds = new Map<string, 'file' | 'folder'>();
  const spelled = new Map<string, string>();
  for (const { path } of files) {
    checkPath(path);
    const segments = path.split('/');
    for (let i = 1; i <= segments.length; i += 1) {
      const own = segments.slice(0, i).join('/');
      const folded = fold(own);
      const kind = i === segments.length ? 'file' : 'folder';
      const other = kinds.get(folded);
      const clash = other !== undefined && (kind === 'file' || other === 'file' || spelled.get(folded) !== own);
      if (clash) throw unsafe(path, 'has the same name as another one where upper and lower case are not told apart');
      kinds.set(folded, kind);
      spelled.set(folded, own);
    }
  }
}

function fold(path: string): string {
  return normalForm(normalForm(path, 'NFKC').replace(JOINERS, '').toUpperCase().toLowerCase(), 'NFKC');
}

function unsafe(path: string, fault: string): Failure {
  const message = `The name "${path}" ${fault}, so it is not safe on every system. Rename it, then send it again.`;
  return new Failure('NOT_ALLOWED', message, { data: { path } });
}
