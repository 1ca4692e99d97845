import { readFile, stat } from 'node:fs/promises';
import { AppError } from '../domain/app-error.ts';
import { type Series, toSeries } from '../domain/series.ts';
import { writePrivateFileAtomic } from '../private-file.ts';
import { type SeriesByInstrument, withSeriesChoice } from './state.ts';

const MAX_FILE_BYTES = 1_048_576;
const MAX_MEMBERS = 16;
const MAX_TEXT_LENGTH = 128;

type ChoicesByMember = ReadonlyMap<string, SeriesByInstrument>;

/**
 * Stores which series the members on this machine chose: `{"series": {"<member>": {"<instrument>": {provider, company,
 * brand}}}}`. The member '' is not signed in. A corrupt file counts as empty, because it holds nothing but choices.
 */
export class SeriesChoiceFile {
  readonly #file: string;
  #choices: ChoicesByMember = new Map();
  #writes: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  /** @throws AppError STORE_FAILED, CONFIG_INVALID; there are no choices then */
  async load(): Promise<void> {
    this.#choices = await this.#readFile();
  }

  choicesOf(member: string): SeriesByInstrument {
    return this.#choices.get(member) ?? new Map();
  }

  /**
   * Saves a choice; null returns to the reference series. Keeps what other dashboards wrote in the meantime.
   * @throws AppError STORE_FAILED
   */
  save(member: string, instrument: string, series: Series | null): Promise<void> {
    const written = this.#writes.then(async () => {
      // An unreadable file is replaced.
      const before = await this.#readFile().catch(() => this.#choices);
      const choices = withSeriesChoice(before.get(member) ?? new Map(), instrument, series);
      this.#choices = withMemberChoices(before, member, choices);
      await writePrivateFileAtomic(
        this.#file,
        `${JSON.stringify({ series: choicesToJson(this.#choices) }, null, 2)}\n`,
      );
    });
    this.#writes = written.catch(() => {});
    return written;
  }

  /** Resolves when all choices are written. */
  async waitForWrites(): Promise<void> {
    await this.#writes;
  }

  async #readFile(): Promise<ChoicesByMember> {
    let text: string;
    try {
      const stats = await stat(this.#file);
      if (!stats.isFile() || stats.size > MAX_FILE_BYTES) throw this.#corruptFileError();
      text = await readFile(this.#file, 'utf8');
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT') return new Map();
      const data = { file: this.#file };
      throw new AppError('STORE_FAILED', `${this.#file} cannot be read (${code}).`, { cause, data });
    }
    try {
      return parseChoices(JSON.parse(text));
    } catch {
      throw this.#corruptFileError();
    }
  }

  #corruptFileError(): AppError {
    return new AppError('CONFIG_INVALID', `${this.#file} is corrupt. The reference series are shown instead.`, {
      data: { file: this.#file },
    });
  }
}

/** Reads choices from JSON. Invalid choices, and those over the limits, are dropped. */
function parseChoices(json: unknown): ChoicesByMember {
  const { series } = json as { series?: unknown };
  let members: ChoicesByMember = new Map();
  for (const [member, chosen] of entriesOf(series)) {
    let choices: SeriesByInstrument = new Map();
    for (const [instrument, value] of entriesOf(chosen)) {
      const { provider, company, brand } = (value ?? {}) as Partial<Series>;
      if (!isText(provider) || !isText(company) || !isText(brand) || !isText(instrument)) continue;
      choices = withSeriesChoice(choices, instrument, { provider, company, brand });
    }
    members = withMemberChoices(members, member, choices);
  }
  return members;
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH;
}

/** The newest member comes last; the oldest one is dropped. */
function withMemberChoices(before: ChoicesByMember, member: string, choices: SeriesByInstrument): ChoicesByMember {
  const others = [...before].filter(([name]) => name !== member);
  if (choices.size > 0) others.push([member, choices]);
  return new Map(others.slice(-MAX_MEMBERS));
}

function choicesToJson(members: ChoicesByMember): object {
  return Object.fromEntries(
    [...members].map(([member, choices]) => [
      member,
      Object.fromEntries([...choices].map(([instrument, series]) => [instrument, toSeries(series)])),
    ]),
  );
}
