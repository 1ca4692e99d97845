import type { DashboardStateFile } from './state-file.ts';

const MAX_MEMBERS = 16;
const MAX_INSTRUMENTS = 200;
const MAX_TEXT_LENGTH = 128;
/** In the state file: `{"<member>": ["<instrument>", …]}`. The member '' is not signed in. */
const KEY = 'watch';

type ListByMember = ReadonlyMap<string, readonly string[]>;

/** Stores the watch lists of the members on this machine: instruments, in their order. */
export class WatchListFile {
  readonly #stateFile: DashboardStateFile;
  #lists: ListByMember = new Map();

  constructor(stateFile: DashboardStateFile) {
    this.#stateFile = stateFile;
  }

  /** @throws AppError STORE_FAILED, CONFIG_INVALID; there are no lists then */
  async load(): Promise<void> {
    this.#lists = parseLists((await this.#stateFile.read())[KEY]);
  }

  listOf(member: string): readonly string[] {
    return this.#lists.get(member) ?? [];
  }

  /** @throws AppError STORE_FAILED */
  save(member: string, instruments: readonly string[]): Promise<void> {
    return this.#stateFile.update(KEY, (json) => {
      this.#lists = withList(parseLists(json), member, instruments);
      return Object.fromEntries(this.#lists);
    });
  }
}

/** Reads lists from JSON. Invalid entries, and those over the limits, are dropped. */
function parseLists(json: unknown): ListByMember {
  let lists: ListByMember = new Map();
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return lists;
  for (const [member, list] of Object.entries(json)) {
    if (Array.isArray(list)) lists = withList(lists, member, list.filter(isInstrument));
  }
  return lists;
}

function isInstrument(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_TEXT_LENGTH;
}

/** The newest member comes last; the oldest one is dropped. */
function withList(lists: ListByMember, member: string, instruments: readonly string[]): ListByMember {
  const others = [...lists].filter(([name]) => name !== member);
  const unique = [...new Set(instruments)].slice(0, MAX_INSTRUMENTS);
  return new Map([...others, ...(unique.length > 0 ? [[member, unique] as const] : [])].slice(-MAX_MEMBERS));
}
