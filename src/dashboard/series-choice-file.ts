import { type Series, toSeries } from '../domain/series.ts';
import { type SeriesByInstrument, withSeriesChoice } from './state.ts';
import type { DashboardStateFile } from './state-file.ts';

const MAX_MEMBERS = 16;
const MAX_TEXT_LENGTH = 128;
/** In the state file: `{"<member>": {"<instrument>": {provider, company, brand}}}`. The member '' is not signed in. */
const KEY = 'series';

type ChoicesByMember = ReadonlyMap<string, SeriesByInstrument>;

/** Stores which series the members on this machine chose. */
export class SeriesChoiceFile {
  readonly #stateFile: DashboardStateFile;
  #choices: ChoicesByMember = new Map();

  constructor(stateFile: DashboardStateFile) {
    this.#stateFile = stateFile;
  }

  /** @throws AppError STORE_FAILED, CONFIG_INVALID; there are no choices then */
  async load(): Promise<void> {
    this.#choices = parseChoices((await this.#stateFile.read())[KEY]);
  }

  choicesOf(member: string): SeriesByInstrument {
    return this.#choices.get(member) ?? new Map();
  }

  /**
   * Saves a choice; null returns to the reference series.
   * @throws AppError STORE_FAILED
   */
  save(member: string, instrument: string, series: Series | null): Promise<void> {
    return this.#stateFile.update(KEY, (json) => {
      const before = parseChoices(json);
      const choices = withSeriesChoice(before.get(member) ?? new Map(), instrument, series);
      this.#choices = withMemberChoices(before, member, choices);
      return choicesToJson(this.#choices);
    });
  }
}

/** Reads choices from JSON. Invalid choices, and those over the limits, are dropped. */
function parseChoices(json: unknown): ChoicesByMember {
  let members: ChoicesByMember = new Map();
  for (const [member, chosen] of entriesOf(json)) {
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
