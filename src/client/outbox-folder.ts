import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalName } from '../domain/account.ts';
import { AppError } from '../domain/app-error.ts';
import { isAbandoned, writePrivateFileAtomic } from '../private-file.ts';
import type { KeptCall, OutboxCall, OutboxStorage } from './outbox.ts';

const MAX_FILE_BYTES = 131_072;
const MAX_FILES = 1000;
const MAX_TEXT_LENGTH = 8192;
const MAX_NAME_LENGTH = 128;
/** A process that lives holds its calls itself. After this, others may send them too: the daemon drops repetitions. */
const MIN_SHARED_AGE_MS = 60_000;

/**
 * Posts and direct messages of this machine that the daemon has not acknowledged, one file each, by server and author.
 * They outlive the process, even `kill -9`. Each has its `clientId`, so that sending it twice writes it once.
 */
export class OutboxFolder implements OutboxStorage {
  readonly #folder: string;
  readonly #server: string;

  /** @param server identifies the daemon or cluster: what was written for one is not sent to another */
  constructor(folder: string, server: string) {
    this.#folder = folder;
    this.#server = server;
  }

  /** @throws AppError STORE_FAILED */
  async keep(author: string, call: OutboxCall): Promise<void> {
    const content = { version: 1, server: this.#server, member: author, pid: process.pid, at: Date.now(), ...call };
    await writePrivateFileAtomic(this.#fileOf(author, call), `${JSON.stringify(content)}\n`);
  }

  /** Deletes a call that was acknowledged or refused. */
  async release(author: string, call: OutboxCall): Promise<void> {
    await rm(this.#fileOf(author, call), { force: true });
  }

  /**
   * Calls of a member that other processes left behind, oldest first. Leaves files alone that it cannot read.
   * @throws AppError STORE_FAILED if the folder cannot be read
   */
  async load(author: string): Promise<KeptCall[]> {
    const folder = this.#folderOf(author);
    let names: string[];
    try {
      names = await readdir(folder);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return [];
      throw new AppError('STORE_FAILED', `Messages that were kept in ${folder} cannot be read (${code}).`, { cause });
    }
    const kept: KeptCall[] = [];
    for (const name of names.filter((each) => /^[0-9a-f]{32}\.json$/.test(each)).slice(0, MAX_FILES)) {
      const found = await this.#readFile(join(folder, name), author).catch(() => undefined); // removed meanwhile
      if (found) kept.push(found);
    }
    return kept.sort((a, b) => a.at - b.at);
  }

  async #readFile(path: string, author: string): Promise<KeptCall | undefined> {
    const stats = await stat(path);
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) return undefined;
    const content = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown> | null;
    if (typeof content !== 'object' || content === null) return undefined;
    const { version, server, member, pid, at } = content;
    if (version !== 1 || server !== this.#server || typeof at !== 'number' || typeof pid !== 'number') return undefined;
    if (typeof member !== 'string' || canonicalName(member) !== canonicalName(author)) return undefined;
    if (!isAbandoned(stats, pid) && Date.now() - stats.mtimeMs < MIN_SHARED_AGE_MS) return undefined;
    const call = parseCall(content.method, content.params);
    return call && { call, at };
  }

  #folderOf(author: string): string {
    return join(this.#folder, digest(`${this.#server}\n${canonicalName(author)}`));
  }

  #fileOf(author: string, { params }: OutboxCall): string {
    return join(this.#folderOf(author), `${digest(params.clientId ?? '')}.json`);
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}

function parseCall(method: unknown, params: unknown): OutboxCall | undefined {
  if (typeof params !== 'object' || params === null) return undefined;
  const { text, clientId, topic, replyTo, to } = params as Record<string, unknown>;
  if (!isText(text, MAX_TEXT_LENGTH) || !isText(clientId, MAX_NAME_LENGTH)) return undefined;
  if (method === 'messages.send')
    return isText(to, MAX_NAME_LENGTH) ? { method, params: { to, text, clientId } } : undefined;
  if (method !== 'forum.post') return undefined;
  if (topic !== undefined && !isText(topic, MAX_NAME_LENGTH)) return undefined;
  if (replyTo !== undefined && !(typeof replyTo === 'number' && Number.isSafeInteger(replyTo))) return undefined;
  return {
    method,
    params: {
      text,
      clientId,
      ...(topic === undefined ? {} : { topic }),
      ...(replyTo === undefined ? {} : { replyTo }),
    },
  };
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxLength;
}
