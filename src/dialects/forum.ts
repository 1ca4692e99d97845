import { addressSeenBy } from '../address.ts';
import type { Failure } from '../domain/failure.ts';
import { parseSeedTime } from '../domain/instant.ts';
import { nameKey } from '../domain/name.ts';
import type { Post } from '../domain/post.ts';
import { type Answer, type Conversation, type Dialect, type DialectRoom, Last } from './dialect.ts';
import {
  ASK_NAME,
  ASK_PASSWORD,
  active,
  BLOCKED,
  cutRequest,
  DELETE_FAILED,
  deleted,
  EDIT_FAILED,
  edited,
  ended,
  FORUM_REPLY,
  FORUM_REQUEST,
  type ForumRequest,
  failed,
  goodbye,
  INVALID_TIME,
  messages,
  NOT_ACTIVE,
  parseCommand,
  posted,
  STILL_BLOCKED,
  shownAt,
  TAKES_NONE,
  told,
  transfer,
  welcome,
  wrongPassword,
} from './forum-wire.ts';
import type { Guest } from './guest.ts';

/** Posts that one reading looks at: more than one reply ever holds. */
const READ = 50;

/** The forum seed: posts that are numbered, and files from member to member by UDP, past the daemon. */
export function forumDialect(room: DialectRoom): Dialect {
  return {
    name: 'forum',
    secrets: 'passwords and posts',
    replyBytes: FORUM_REPLY,
    requestBytes: FORUM_REQUEST,
    signsIn: true,
    get patienceMs() {
      return room.limits.signInMs;
    },
    converse: (guest) => new ForumConversation(room, guest),
  };
}

class ForumConversation implements Conversation<ForumRequest> {
  readonly greeting = ASK_NAME;
  readonly #room: DialectRoom;
  readonly #guest: Guest;
  #name: string | undefined;
  /** The time that the last reading told to read on from, and where it ended: a second may hold more than a reply. */
  #left: { readonly time: string; readonly after: number } | undefined;
  /** After the welcome, the client tells its UDP port once. */
  #portMayCome = false;

  constructor(room: DialectRoom, guest: Guest) {
    this.#room = room;
    this.#guest = guest;
  }

  cut(bytes: Buffer, quiet: boolean) {
    return cutRequest(bytes, quiet, this.#portMayCome);
  }

  answer(request: ForumRequest): Answer | Promise<Answer> {
    this.#portMayCome = false;
    if ('port' in request) {
      if (request.port > 0 && request.port <= 65_535) this.#guest.port = request.port;
      return undefined;
    }
    if (this.#guest.member) return this.#command(request.line);
    const line = request.line.replace(/[\r\n]+$/, '');
    if (this.#name !== undefined) return this.#signIn(this.#name, line);
    this.#name = line.trim();
    return ASK_PASSWORD;
  }

  refuse({ code, message, data }: Failure): Answer {
    if (this.#guest.member) return told(message);
    switch (code) {
      case 'WRONG_PASSWORD':
        return Number(data.attemptsLeft) > 0 ? wrongPassword(Number(data.attemptsLeft)) : new Last(BLOCKED);
      case 'LOCKED_OUT':
        return new Last(STILL_BLOCKED);
      default:
        return new Last(failed(message));
    }
  }

  farewell(reason: string): string {
    return this.#guest.member ? ended(reason) : failed(reason);
  }

  async #signIn(name: string, password: string): Promise<Answer> {
    const member = await this.#guest.signIn(name, password);
    this.#portMayCome = true;
    return welcome(member.name);
  }

  async #command(line: string): Promise<Answer> {
    const { forum, log } = this.#room;
    const { writer, address } = this.#guest;
    const command = parseCommand(line);
    switch (command.verb) {
      case 'refused':
        return command.say;
      case 'MSG': {
        const post = await forum.post({ ...writer, address }, { text: command.text });
        log.info({ event: 'forum.post', number: post.number, member: writer.name }, 'posted');
        return posted(post);
      }
      case 'DLT': {
        if (!this.#own(command)) return DELETE_FAILED;
        const post = await forum.delete(writer, command.number);
        log.info({ event: 'forum.delete', number: post.number, member: writer.name }, 'deleted');
        return deleted(post);
      }
      case 'EDT': {
        if (!this.#own(command)) return EDIT_FAILED;
        const post = await forum.edit({ ...writer, address }, command.number, command.text);
        log.info({ event: 'forum.edit', number: post.number, member: writer.name }, 'edited');
        return edited(post);
      }
      case 'RDM':
        return await this.#read(command.time);
      case 'ATU':
        return active(this.#others());
      case 'UPD':
        return this.#upload(command.user, command.file);
      case 'OUT':
        return new Last(goodbye(writer.name));
    }
  }

  /** The post, where it is the client's and was last written at just that time. */
  #own({ number, at }: { number: number; at: string }): Post | undefined {
    const post = this.#room.forum.find(number);
    const isOwn = post?.text != null && nameKey(post.member) === nameKey(this.#guest.writer.name);
    return isOwn && parseSeedTime(at) === parseSeedTime(shownAt(post)) ? post : undefined;
  }

  async #read(time: string): Promise<Answer> {
    const from = parseSeedTime(time);
    if (from === undefined) return INVALID_TIME;
    const after = this.#left?.time === time ? this.#left.after : 0;
    const { posts, more } = await this.#room.forum.writtenSince(from, READ, after);
    const { reply, left } = messages(posts, more);
    this.#left = left;
    return reply;
  }

  #others() {
    const own = nameKey(this.#guest.writer.name);
    const others = this.#room.presence.active().filter(({ name }) => nameKey(name) !== own);
    return others.map((member) => ({ ...member, address: addressSeenBy(this.#guest, member.address) }));
  }

  #upload(user: string, file: string): Answer {
    const { presence } = this.#room;
    const connections = presence.connections(user);
    if (connections.length === 0) return NOT_ACTIVE;
    for (const { old, address } of connections) {
      if (old?.dialect !== 'forum' || old.port === undefined) continue;
      const to = { name: presence.nameOf(user), address: addressSeenBy(this.#guest, address), port: old.port };
      return transfer(to, this.#guest.writer.name, file);
    }
    return TAKES_NONE;
  }
}
