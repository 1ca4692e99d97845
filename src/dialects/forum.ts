import { canonicalName } from '../domain/account.ts';
import { addressSeenBy } from '../domain/address.ts';
import type { AppError } from '../domain/app-error.ts';
import type { Post } from '../domain/post.ts';
import { parseForumTime } from '../domain/time.ts';
import {
  ASK_NAME,
  ASK_PASSWORD,
  activeMembersReply,
  BLOCKED,
  closingReply,
  DELETE_FAILED,
  decodeForumRequest,
  deletedReply,
  EDIT_FAILED,
  editedReply,
  type ForumRequest,
  failureReply,
  formatWrittenAt,
  goodbyeReply,
  INVALID_TIME,
  MAX_FORUM_REPLY_BYTES,
  MAX_FORUM_REQUEST_BYTES,
  messagesReply,
  NOT_ACTIVE,
  parseForumCommand,
  postedReply,
  RECEIVER_INCOMPATIBLE,
  STILL_BLOCKED,
  safeReply,
  transferReply,
  welcomeReply,
  wrongPasswordReply,
} from './forum-wire.ts';
import {
  FinalReply,
  type LegacyProtocol,
  type LegacyServices,
  type LegacySession,
  type OptionalReply,
  SessionBase,
} from './legacy-protocol.ts';

/** More than one reply ever holds. */
const MAX_POSTS_PER_READ = 50;

/** The forum protocol: numbered posts, and files from member to member over UDP, without the daemon. */
export function forumProtocol(services: LegacyServices): LegacyProtocol {
  return {
    name: 'forum',
    clearTextSecrets: 'passwords and posts',
    maxReplyBytes: MAX_FORUM_REPLY_BYTES,
    maxRequestBytes: MAX_FORUM_REQUEST_BYTES,
    hasAccounts: true,
    get timeoutMs() {
      return services.limits.signInMs;
    },
    openSession: (client) => new ForumSession(services, client),
  };
}

class ForumSession extends SessionBase implements LegacySession<ForumRequest> {
  readonly greeting = ASK_NAME;
  #name: string | undefined;
  /** The time and seq to continue from after the last read: one second may hold more posts than a reply. */
  #readPosition: { readonly time: string; readonly after: number } | undefined;
  /** After the welcome, the client sends its UDP port once. */
  #expectsPort = false;

  decode(bytes: Buffer, quiet: boolean) {
    return decodeForumRequest(bytes, quiet, this.#expectsPort);
  }

  handle(request: ForumRequest): OptionalReply | Promise<OptionalReply> {
    this.#expectsPort = false;
    if ('port' in request) {
      if (request.port > 0 && request.port <= 65_535) this.client.port = request.port;
      return undefined;
    }
    if (this.client.member) return this.#runCommand(request.line);
    const line = request.line.replace(/[\r\n]+$/, '');
    if (this.#name !== undefined) return this.#signIn(this.#name, line);
    this.#name = line.trim();
    return ASK_PASSWORD;
  }

  errorReply({ code, message, data }: AppError): OptionalReply {
    if (this.client.member) return safeReply(message);
    switch (code) {
      case 'WRONG_PASSWORD':
        return Number(data.attemptsLeft) > 0 ? wrongPasswordReply(Number(data.attemptsLeft)) : new FinalReply(BLOCKED);
      case 'LOCKED_OUT':
        return new FinalReply(STILL_BLOCKED);
      default:
        return new FinalReply(failureReply(message));
    }
  }

  closingMessage(reason: string): string {
    return this.client.member ? closingReply(reason) : failureReply(reason);
  }

  async #signIn(name: string, password: string): Promise<OptionalReply> {
    const member = await this.client.signIn(name, password);
    this.#expectsPort = true;
    return welcomeReply(member.name);
  }

  async #runCommand(line: string): Promise<OptionalReply> {
    const { forum, log } = this.services;
    const { writer, address } = this.client;
    const command = parseForumCommand(line);
    switch (command.verb) {
      case 'refused':
        return command.reply;
      case 'MSG': {
        const post = await forum.post({ ...writer, address }, { text: command.text });
        log.info({ event: 'forum.post', number: post.number, member: writer.name }, 'posted');
        return postedReply(post);
      }
      case 'DLT': {
        if (!this.#findOwnPost(command)) return DELETE_FAILED;
        const post = await forum.delete(writer, command.number);
        log.info({ event: 'forum.delete', number: post.number, member: writer.name }, 'deleted');
        return deletedReply(post);
      }
      case 'EDT': {
        if (!this.#findOwnPost(command)) return EDIT_FAILED;
        const post = await forum.edit({ ...writer, address }, command.number, command.text);
        log.info({ event: 'forum.edit', number: post.number, member: writer.name }, 'edited');
        return editedReply(post);
      }
      case 'RDM':
        return await this.#read(command.time);
      case 'ATU':
        return activeMembersReply(this.#otherMembers());
      case 'UPD':
        return this.#upload(command.user, command.file);
      case 'OUT':
        return new FinalReply(goodbyeReply(writer.name));
    }
  }

  /** The post, if it is the client's own and was last written at exactly that time. */
  #findOwnPost({ number, at }: { number: number; at: string }): Post | undefined {
    const post = this.services.forum.find(number);
    const isOwn = post?.text != null && canonicalName(post.member) === canonicalName(this.client.writer.name);
    return isOwn && parseForumTime(at) === parseForumTime(formatWrittenAt(post)) ? post : undefined;
  }

  async #read(time: string): Promise<OptionalReply> {
    const from = parseForumTime(time);
    if (from === undefined) return INVALID_TIME;
    const after = this.#readPosition?.time === time ? this.#readPosition.after : 0;
    const { posts, more } = await this.services.forum.writtenSince(from, MAX_POSTS_PER_READ, after);
    const { reply, left } = messagesReply(posts, more);
    this.#readPosition = left;
    return reply;
  }

  #otherMembers() {
    const own = canonicalName(this.client.writer.name);
    const others = this.services.presence.listActive().filter(({ name }) => canonicalName(name) !== own);
    return others.map((member) => ({ ...member, address: addressSeenBy(this.client, member.address) }));
  }

  #upload(user: string, file: string): OptionalReply {
    const { presence } = this.services;
    const connections = presence.connections(user);
    if (connections.length === 0) return NOT_ACTIVE;
    for (const { old, address } of connections) {
      if (old?.dialect !== 'forum' || old.port === undefined) continue;
      const to = { name: presence.nameOf(user), address: addressSeenBy(this.client, address), port: old.port };
      return transferReply(to, this.client.writer.name, file);
    }
    return RECEIVER_INCOMPATIBLE;
  }
}
