import { formatSeedTime } from '../domain/instant.ts';
import type { Post } from '../domain/post.ts';
import type { ActiveMember } from '../room/presence.ts';
import type { Cut } from './dialect.ts';
import { shorten } from './shorten.ts';

/** What the forum seed's clients read at once, in bytes. */
export const FORUM_REPLY = 1024;
/** The longest request that is taken, in bytes. */
export const FORUM_REQUEST = 32 * 1024;

const COMMANDS = '(MSG, DLT, EDT, RDM, ATU, OUT, UPD)';
const SUFFIX = `\nEnter one of the following commands ${COMMANDS}:`;

export const ASK_NAME = 'Please enter your username:';
export const ASK_PASSWORD = 'Please enter your password:';
export const BLOCKED = 'Failed.You have tried many times and the account has been blocked, please come back later.\n';
export const STILL_BLOCKED = 'Failed.Your account is still in blocked, please try later.';
export const INVALID_COMMAND = `Invalid command. Please use available command ${COMMANDS}:`;
export const DELETE_FAILED = ordinary('Delete the message failed. Please check the input.');
export const EDIT_FAILED = ordinary('Edited the message failed. Please check the input.');
export const NOTHING_NEW = ordinary('Read message failed. There is no new message');
export const INVALID_TIME = ordinary('Read message fail. Invalid datetime format.Please follow(dd mm yyyy hh:mm:s).');
export const NOT_ACTIVE = ordinary('Unsuccessfully require sending file. Target user is not active.');
export const TAKES_NONE = ordinary(
  'Unsuccessfully require sending file. Target user uses another program, which takes files of its own kind only.',
);
export const INVALID_UPLOAD = ordinary('Unsuccessfully require sending file. Input format not correct. Please retry.');

/** An answer to a command: what to type next stands behind it. */
export function ordinary(text: string): string {
  return shorten(text, FORUM_REPLY - SUFFIX.length) + SUFFIX;
}

/** A sentence of ours as an answer. By its first letter the client tells the end (F, S), sign-in (W) and files (T). */
export function told(sentence: string): string {
  return ordinary(/^[FSWT]/.test(sentence) ? `Refused. ${sentence}` : sentence);
}

/** Words at which the client prints and ends. */
export function failed(sentence: string): string {
  return shorten(`Failed.${sentence}`, FORUM_REPLY);
}

/** The same, when it was no fault of the client's. */
export function ended(reason: string): string {
  return shorten(`Server ended this connection. ${reason}`, FORUM_REPLY);
}

export function wrongPassword(left: number): string {
  return `Password is not correct. Left trying time: ${left}. Please reenter your password:`;
}

export function welcome(name: string): string {
  return ordinary(`Welcome ${name}!`);
}

export function goodbye(name: string): string {
  return `Successfully disconnted with the server. See ya ${name}!`;
}

export function noArguments(command: string): string {
  return `Invalid format of ${command}. There should be no arguments for this command. Please retry:`;
}

export function posted(post: Post): string {
  return ordinary(`Message #${post.number} posted at ${formatSeedTime(post.at)}`);
}

export function deleted(post: Post): string {
  return ordinary(
    `Delete the message successfully. Message #${post.number} deleted at ${formatSeedTime(post.deletedAt ?? post.at)}.`,
  );
}

export function edited(post: Post): string {
  return ordinary(`Edit the message successfully. Message #${post.number} edited at ${shownAt(post)}.`);
}

/** When a post was last written, as clients see it and say it again to change it. */
export function shownAt(post: Post): string {
  return formatSeedTime(post.editedAt ?? post.at);
}

/**
 * Where to send a file. The client prints the second line as its next prompt and fails without it. The longest names (32
 * characters each, and a file name of `FILE_BYTES`) leave room for it.
 */
export function transfer(to: { name: string; address: string; port: number }, sender: string, file: string): string {
  return ordinary(`Transfer ${to.address} ${to.port} ${sender}_${file} ${to.name}`);
}

/** Bytes of one post among several. */
const LINE_BYTES = 600;

/**
 * Posts, by their numbers. Where they are too many for one reply, those that were written first, and from when to read
 * on; a long post is cut.
 * @param posts in the order in which they were last written
 * @param hasMore there are others behind them
 * @returns `left`: the time that is told, and the seq of the last post that is shown
 */
export function messages(
  posts: readonly Post[],
  hasMore: boolean,
): { reply: string; left?: { time: string; after: number } } {
  if (posts.length === 0) return { reply: NOTHING_NEW };
  const head = 'Read message successfully. The new message is:\n';
  const most = FORUM_REPLY - SUFFIX.length - head.length;
  const longest = posts.length === 1 ? most : LINE_BYTES;
  const shown: { number: number; line: string }[] = [];
  let bytes = 0;
  for (const [i, post] of posts.entries()) {
    const line = lineOf(post, longest);
    bytes += Buffer.byteLength(line);
    if (bytes + more(posts, i + 1, hasMore).length > most) break;
    shown.push({ number: post.number, line });
  }
  const [last, next] = [posts[shown.length - 1], posts[shown.length]];
  const left = more(posts, shown.length, hasMore);
  shown.sort((a, b) => a.number - b.number);
  const reply = head + shown.map(({ line }) => line).join('') + left + SUFFIX;
  return last && next ? { reply, left: { time: shownAt(next), after: last.seq } } : { reply };
}

/** How many are left out from `from` on, and how to have them. */
function more(posts: readonly Post[], from: number, hasMore: boolean): string {
  const next = posts[from];
  if (!next) return '';
  return `... and ${hasMore ? 'more than ' : ''}${posts.length - from} more; read on by RDM ${shownAt(next)}\n`;
}

/** A post in so many bytes at most. */
function lineOf(post: Post, bytes: number): string {
  const how = post.editedAt === null ? 'posted' : 'edited';
  const quoted = (text: string) => `#${post.number}; ${post.member}: "${text}" ${how} at ${shownAt(post)}.\n`;
  const text = (post.text ?? '').replaceAll('\n', ' ');
  const line = quoted(text);
  return Buffer.byteLength(line) <= bytes
    ? line
    : quoted(`${shorten(text, bytes - Buffer.byteLength(quoted('...')))}...`);
}

/** Who else is there; as many as fit. */
export function active(members: readonly ActiveMember[]): string {
  if (members.length === 0) return ordinary('Currently no other user is in active.');
  const most = FORUM_REPLY - SUFFIX.length;
  let text = 'Current active users is:\n';
  for (const [i, { name, address, peerPort, activeSince }] of members.entries()) {
    const line = `${name}, ${address}, ${peerPort ?? 0}, active since ${formatSeedTime(activeSince)}\n`;
    const left = members.length - i;
    const others = left === 1 ? '' : `... and ${left - 1} more\n`;
    if (Buffer.byteLength(text + line + others) > most) return `${text}... and ${left} more\n${SUFFIX}`;
    text += line;
  }
  return text + SUFFIX;
}

/** A request of the client: its UDP port, which may come together with the first command, or a line. */
export type ForumRequest = { readonly port: number } | { readonly line: string };

/** A shorter request comes in one piece: no network cuts below this. */
const ONE_PIECE = 500;

/**
 * Nothing marks where a request ends: it is whatever came since the last answer. A long one may come in pieces, so it
 * is whole once nothing more comes.
 * @param portMayCome the client has not told its port yet
 */
export function cutRequest(bytes: Buffer, quiet: boolean, portMayCome: boolean): Cut<ForumRequest> | undefined {
  const digits = portMayCome ? /^\d{1,5}/.exec(bytes.toString('latin1', 0, 5))?.[0] : undefined;
  if (digits !== undefined) return { request: { port: Number(digits) }, used: digits.length };
  if (!quiet && (bytes.length >= ONE_PIECE || endsWithin(bytes))) return undefined;
  return { request: { line: bytes.toString() }, used: bytes.length };
}

/** Whether the last character is not all there. */
function endsWithin(bytes: Buffer): boolean {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back;
  }
  return false;
}

export type ForumCommand =
  | { readonly verb: 'MSG'; readonly text: string }
  | { readonly verb: 'DLT' | 'EDT'; readonly number: number; readonly at: string; readonly text: string }
  | { readonly verb: 'RDM'; readonly time: string }
  | { readonly verb: 'ATU' | 'OUT' }
  | { readonly verb: 'UPD'; readonly user: string; readonly file: string }
  /** What is answered instead. */
  | { readonly verb: 'refused'; readonly say: string };

/** The longest name of a file, in bytes. */
const FILE_BYTES = 255;

const refused = (say: string): ForumCommand => ({ verb: 'refused', say });

const NUMBERED = /^#?(\d{1,15}) +(\d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2})(?:$| +(\S.*)?$)/s;

export function parseCommand(line: string): ForumCommand {
  const trimmed = line.trim();
  const space = trimmed.search(/\s/);
  const verb = space < 0 ? trimmed : trimmed.slice(0, space);
  const rest = space < 0 ? '' : trimmed.slice(space + 1).trim();
  switch (verb) {
    case 'MSG':
      return { verb, text: rest };
    case 'DLT':
    case 'EDT': {
      const [, number, at, text = ''] = NUMBERED.exec(rest) ?? [];
      if (number === undefined || at === undefined || (verb === 'EDT') !== (text !== '')) {
        return refused(verb === 'DLT' ? DELETE_FAILED : EDIT_FAILED);
      }
      return { verb, number: Number(number), at, text };
    }
    case 'RDM':
      return { verb, time: rest };
    case 'ATU':
    case 'OUT':
      return rest === '' ? { verb } : refused(noArguments(verb));
    case 'UPD': {
      const [user, file, ...others] = rest.split(/\s+/);
      const fits = file !== undefined && Buffer.byteLength(file) <= FILE_BYTES;
      if (!user || !fits || others.length > 0) return refused(INVALID_UPLOAD);
      return { verb, user, file };
    }
    default:
      return refused(INVALID_COMMAND);
  }
}
