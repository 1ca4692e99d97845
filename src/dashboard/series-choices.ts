import { readFile, stat } from 'node:fs/promises';
import { Failure } from '../domain/failure.ts';
import { type Series, seriesOf } from '../domain/series.ts';
import { writePrivate } from '../private-file.ts';
import { type Choices, withChoice } from './state.ts';

const MAX_FILE_BYTES = 1_048_576;
const MAX_MEMBERS = 16;
const MAX_TEXT_LENGTH = 128;

type Members = ReadonlyMap<string, Choices>;

/**
 * The series that members of this machine chose to see: `{"series": {"<member>": {"<instrument>": {provider, company,
 * brand}}}}`. The member without an account is ''. Nothing is lost with the file but these choices: a damaged one counts
 * as empty.
 */
export class SeriesChoices {
  readonly #file: string;
  #members: Members = new Map();
  #writes: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws Failure STORE_FAILED, CONFIG_INVALID; what was chosen counts as empty then */
  async load(): Promise<void> {
    this.#members = await this.#read();
  }

  of(member: string): Choices {
    return this.#members.get(member) ?? new Map();
  }

  /**
   * Keeps a choice; null: the reference series again. What other dashboards wrote in the meantime stays.
   * @throws Failure STORE_FAILED
   */
  save(member: string, instrument: string, series: Series | null): Promise<void> {
    const written = this.#writes.then(async () => {
      // A file that cannot be read is replaced by one that can.
      const before = await this.#read().catch(() => this.#members);
      this.#members = withMember(before, member, withChoice(before.get(member) ?? new Map(), instrument, series));
      await writePrivate(this.#file, `${JSON.stringify({ series: toJson(this.#members) }, null, 2)}\n`);
    });
    this.#writes = written.catch(() => {});
    return written;
  }

  /** Resolves once every choice is written. */
  async settled(): Promise<void> {
    await this.#writes;
  }

  async #read(): Promise<Members> {
    let text: string;
    try {
      const stats = await stat(this.#file);
      if (!stats.isFile() || stats.size > MAX_FILE_BYTES) throw this.#damaged();
      text = await readFile(this.#file, 'utf8');
    } catch (cause) {
      if (cause instanceof Failure) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return new Map();
      const data = { file: this.#file };
      throw new Failure('STORE_FAILED', `${this.#file} cannot be read (${code}).`, { cause, data });
    }
    try {
      return membersOf(JSON.parse(text));
    } catch {
      throw this.#damaged();
    }
  }

  #damaged(): Failure {
    return new Failure('CONFIG_INVALID', `${this.#file} is damaged: the reference series are shown.`, {
      data: { file: this.#file },
    });
  }
}

/** What fits of a JSON value; members and choices over the limits are left out. */
function membersOf(json: unknown): Members {
  const { series } = json as { series?: unknown };
  let members: Members = new Map();
  for (const [member, chosen] of entriesOf(series)) {
    let choices: Choices = new Map();
    for (const [instrument, value] of entriesOf(chosen)) {
      const { provider, company, brand } = (value ?? {}) as Partial<Series>;
      if (!isText(provider) || !isText(company) || !isText(brand) || !isText(instrument)) continue;
      choices = withChoice(choices, instrument, { provider, company, brand });
    }
    members = withMember(members, member, choices);
  }
  return members;
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH;
}

/** The newest member last; the oldest one gives way. */
function withMember(before: Members, member: string, choices: Choices): Members {
  const others = [...before].filter(([name]) => name !== member);
  if (choices.size > 0) others.push([member, choices]);
  return new Map(others.slice(-MAX_MEMBERS));
}

function toJson(members: Members): object {
  return Object.fromEntries(
    [...members].map(([member, choices]) => [
      member,
      Object.fromEntries([...choices].map(([instrument, series]) => [instrument, seriesOf(series)])),
    ]),
  );
}
