import type { Post } from '../domain/post.ts';
import { formatForumTime } from '../domain/time.ts';
import type { ActiveMember } from '../room/presence.ts';
import { type DecodedRequest, truncateUtf8 } from './legacy-protocol.ts';

/** What a forum client reads at once. */
export const MAX_FORUM_REPLY_BYTES = 1024;
export const MAX_FORUM_REQUEST_BYTES = 32 * 1024;

const COMMANDS = '(MSG, DLT, EDT, RDM, ATU, OUT, UPD)';
const PROMPT = `\nEnter one of the following commands ${COMMANDS}:`;

export const ASK_NAME = 'Please enter your username:';
export const ASK_PASSWORD = 'Please enter your password:';
export const BLOCKED = 'Failed.You have tried many times and the account has been blocked, please come back later.\n';
export const STILL_BLOCKED = 'Failed.Your account is still in blocked, please try later.';
export const INVALID_COMMAND = `Invalid command. Please use available command ${COMMANDS}:`;
export const DELETE_FAILED = withPrompt('Delete the message failed. Please check the input.');
export const EDIT_FAILED = withPrompt('Edited the message failed. Please check the input.');
export const NOTHING_NEW = withPrompt('Read message failed. There is no new message');
export const INVALID_TIME = withPrompt('Read message fail. Invalid datetime format.Please follow(dd mm yyyy hh:mm:s).');
export const NOT_ACTIVE = withPrompt('Unsuccessfully require sending file. Target user is not active.');
export const RECEIVER_INCOMPATIBLE = withPrompt(
  'Unsuccessfully require sending file. Target user uses another program, which takes files of its own kind only.',
);
export const INVALID_UPLOAD = withPrompt(
  'Unsuccessfully require sending file. Input format not correct. Please retry.',
);

/** A reply to a command, followed by the prompt. */
export function withPrompt(text: string): string {
  return truncateUtf8(text, MAX_FORUM_REPLY_BYTES - PROMPT.length) + PROMPT;
}

/** A first letter of F or S ends the client, W signs it in, and T makes it transfer a file. */
export function safeReply(sentence: string): string {
  return withPrompt(/^[FSWT]/.test(sentence) ? `Refused. ${sentence}` : sentence);
}

/** The client prints a reply with this prefix and exits. */
export function failureReply(sentence: string): string {
  return truncateUtf8(`Failed.${sentence}`, MAX_FORUM_REPLY_BYTES);
}

/** The same, if it was not the client's fault. */
export function closingReply(reason: string): string {
  return truncateUtf8(`Server ended this connection. ${reason}`, MAX_FORUM_REPLY_BYTES);
}

export function wrongPasswordReply(left: number): string {
  return `Password is not correct. Left trying time: ${left}. Please reenter your password:`;
}

export function welcomeReply(name: string): string {
  return withPrompt(`Welcome ${name}!`);
}

export function goodbyeReply(name: string): string {
  return `Successfully disconnted with the server. See ya ${name}!`;
}

export function noArgumentsReply(command: string): string {
  return `Invalid format of ${command}. There should be no arguments for this command. Please retry:`;
}

export function postedReply(post: Post): string {
  return withPrompt(`Message #${post.number} posted at ${formatForumTime(post.at)}`);
}

export function deletedReply(post: Post): string {
  return withPrompt(
    `Delete the message successfully. Message #${post.number} deleted at ${formatForumTime(post.deletedAt ?? post.at)}.`,
  );
}

export function editedReply(post: Post): string {
  return withPrompt(`Edit the message successfully. Message #${post.number} edited at ${formatWrittenAt(post)}.`);
}

/** When a post was last written, in the form that clients send back to edit it. */
export function formatWrittenAt(post: Post): string {
  return formatForumTime(post.editedAt ?? post.at);
}

/** The client prints the second line as its next prompt and fails without it. The longest names leave room for it. */
export function transferReply(
  to: { name: string; address: string; port: number },
  sender: string,
  file: string,
): string {
  return withPrompt(`Transfer ${to.address} ${to.port} ${sender}_${file} ${to.name}`);
}

/** Limit for one post among several. */
const MAX_POST_LINE_BYTES = 600;

interface MessagesReply {
  readonly reply: string;
  readonly left?: { readonly time: string; readonly after: number };
}

/**
 * Posts by number. If they do not fit into one reply, the first written ones and the time to continue from; a long post
 * is truncated.
 * @param posts in the order of last writing
 * @param hasMore more posts follow
 * @returns `left`: the time to continue from, and the seq of the last post shown
 */
export function messagesReply(posts: readonly Post[], hasMore: boolean): MessagesReply {
  if (posts.length === 0) return { reply: NOTHING_NEW };
  const head = 'Read message successfully. The new message is:\n';
  const maxBytes = MAX_FORUM_REPLY_BYTES - PROMPT.length - head.length;
  const longest = posts.length === 1 ? maxBytes : MAX_POST_LINE_BYTES;
  const shown: { number: number; line: string }[] = [];
  let bytes = 0;
  for (const [i, post] of posts.entries()) {
    const line = formatPostLine(post, longest);
    bytes += Buffer.byteLength(line);
    if (bytes + morePostsLine(posts, i + 1, hasMore).length > maxBytes) break;
    shown.push({ number: post.number, line });
  }
  const [last, next] = [posts[shown.length - 1], posts[shown.length]];
  const left = morePostsLine(posts, shown.length, hasMore);
  shown.sort((a, b) => a.number - b.number);
  const reply = head + shown.map(({ line }) => line).join('') + left + PROMPT;
  return last && next ? { reply, left: { time: formatWrittenAt(next), after: last.seq } } : { reply };
}

/** How many posts are left out from `from` on, and how to read them. */
function morePostsLine(posts: readonly Post[], from: number, hasMore: boolean): string {
  const next = posts[from];
  if (!next) return '';
  return `... and ${hasMore ? 'more than ' : ''}${posts.length - from} more; read on by RDM ${formatWrittenAt(next)}\n`;
}

/** A post in at most `bytes` bytes. */
function formatPostLine(post: Post, bytes: number): string {
  const how = post.editedAt === null ? 'posted' : 'edited';
  const quoted = (text: string) => `#${post.number}; ${post.member}: "${text}" ${how} at ${formatWrittenAt(post)}.\n`;
  const text = (post.text ?? '').replaceAll('\n', ' ');
  const line = quoted(text);
  return Buffer.byteLength(line) <= bytes
    ? line
    : quoted(`${truncateUtf8(text, bytes - Buffer.byteLength(quoted('...')))}...`);
}

/** The other active members, as many as fit. */
export function activeMembersReply(members: readonly ActiveMember[]): string {
  if (members.length === 0) return withPrompt('Currently no other user is in active.');
  const maxBytes = MAX_FORUM_REPLY_BYTES - PROMPT.length;
  let text = 'Current active users is:\n';
  for (const [i, { name, address, peerPort, activeSince }] of members.entries()) {
    const line = `${name}, ${address}, ${peerPort ?? 0}, active since ${formatForumTime(activeSince)}\n`;
    const left = members.length - i;
    const others = left === 1 ? '' : `... and ${left - 1} more\n`;
    if (Buffer.byteLength(text + line + others) > maxBytes) return `${text}... and ${left} more\n${PROMPT}`;
    text += line;
  }
  return text + PROMPT;
}

/** A request: the client's UDP port, which may arrive together with the first command, or a line. */
export type ForumRequest = { readonly port: number } | { readonly line: string };

type DecodedForumRequest = DecodedRequest<ForumRequest> | undefined;

/** A shorter request arrives in one segment. */
const SINGLE_SEGMENT_BYTES = 500;

/**
 * Requests have no terminator: a request is everything since the last reply. A long one may arrive in pieces, so it is
 * complete once nothing more arrives.
 * @param portMayCome the client has not sent its port yet
 */
export function decodeForumRequest(bytes: Buffer, quiet: boolean, portMayCome: boolean): DecodedForumRequest {
  const digits = portMayCome ? /^\d{1,5}/.exec(bytes.toString('latin1', 0, 5))?.[0] : undefined;
  if (digits !== undefined) return { request: { port: Number(digits) }, usedBytes: digits.length };
  if (!quiet && (bytes.length >= SINGLE_SEGMENT_BYTES || endsInsideCharacter(bytes))) return undefined;
  return { request: { line: bytes.toString() }, usedBytes: bytes.length };
}

/** Whether the last character is incomplete. */
function endsInsideCharacter(bytes: Buffer): boolean {
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
  /** The reply instead. */
  | { readonly verb: 'refused'; readonly reply: string };

const MAX_FILE_NAME_BYTES = 255;

const invalidCommand = (reply: string): ForumCommand => ({ verb: 'refused', reply });

const NUMBERED_POST_PATTERN = /^#?(\d{1,15}) +(\d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2})(?:$| +(\S.*)?$)/s;

export function parseForumCommand(line: string): ForumCommand {
  const trimmed = line.trim();
  const space = trimmed.search(/\s/);
  const verb = space < 0 ? trimmed : trimmed.slice(0, space);
  const rest = space < 0 ? '' : trimmed.slice(space + 1).trim();
  switch (verb) {
    case 'MSG':
      return { verb, text: rest };
    case 'DLT':
    case 'EDT': {
      const [, number, at, text = ''] = NUMBERED_POST_PATTERN.exec(rest) ?? [];
      if (number === undefined || at === undefined || (verb === 'EDT') !== (text !== '')) {
        return invalidCommand(verb === 'DLT' ? DELETE_FAILED : EDIT_FAILED);
      }
      return { verb, number: Number(number), at, text };
    }
    case 'RDM':
      return { verb, time: rest };
    case 'ATU':
    case 'OUT':
      return rest === '' ? { verb } : invalidCommand(noArgumentsReply(verb));
    case 'UPD': {
      const [user, file, ...others] = rest.split(/\s+/);
      const fits = file !== undefined && Buffer.byteLength(file) <= MAX_FILE_NAME_BYTES;
      if (!user || !fits || others.length > 0) return invalidCommand(INVALID_UPLOAD);
      return { verb, user, file };
    }
    default:
      return invalidCommand(INVALID_COMMAND);
  }
}
