import { plain } from '../domain/fold.ts';
import { formatMinute } from '../domain/instant.ts';
import type { Params, Result } from '../protocol/methods.ts';
import { formatBytes } from './bytes.ts';
import type { Caller } from './history.ts';
import type { Paper } from './paper.ts';
import { table } from './table.ts';

type Listing = Result<'files.discover'>['listings'][number];
type Source = Result<'files.find'>['sources'][number];

/** Files of one answer, and of as many as anybody reads. */
const MOST = 2000;

/** Everything of a member, or of all who are there, page by page. */
export async function readListings(
  caller: Caller,
  params: Pick<Params<'files.discover'>, 'member' | 'text'>,
): Promise<{ readonly listings: readonly Listing[]; readonly more: boolean }> {
  const listings: Listing[] = [];
  let cursor: string | null = null;
  do {
    const page: Result<'files.discover'> = await caller.call('files.discover', {
      ...params,
      ...(cursor === null ? {} : { cursor }),
    });
    listings.push(...page.listings);
    cursor = page.cursor;
  } while (cursor !== null && listings.length < MOST);
  return { listings, more: cursor !== null };
}

/** Files, one a line. `member` is whose they are, where only one member was asked for. */
export function listingsTable(
  listings: readonly Listing[],
  paper: Paper,
  { member, text }: { readonly member?: string; readonly text?: string } = {},
): string[] {
  if (listings.length === 0) {
    const fits = text === undefined ? '' : ` that "${plain(text)}" fits`;
    return [
      member === undefined
        ? `Nobody who is here publishes a file${fits}.`
        : `${plain(member)} publishes no file${fits}.`,
      text === undefined ? 'To publish one: PUBLISH file' : 'Fewer letters may find more; without any, all are listed.',
    ];
  }
  return table(
    [
      { title: 'File', most: 48 },
      { title: 'Size', align: 'right' },
      { title: 'Of' },
      { title: 'Member', most: 34 },
      { title: 'Here' },
      { title: 'Description', most: 60 },
    ],
    listings.map((each) => [
      plain(each.name),
      formatBytes(each.size),
      formatMinute(each.modified),
      plain(each.member),
      each.online ? 'yes' : 'away',
      plain(each.description),
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
}

/** `Yoda publishes lecture1.mp4 (12.3 MB)` */
export function publishedLine({ member, name, size }: Pick<Listing, 'member' | 'name' | 'size'>): string {
  return `${plain(member)} publishes ${plain(name)} (${formatBytes(size)})`;
}

/** What somebody learns who published a file. */
export function publishedLines({ name, size, hash }: Pick<Listing, 'name' | 'size' | 'hash'>): string[] {
  return [
    `${plain(name)} is published (${formatBytes(size)}, sha256 tree ${hash.slice(0, 16)}).`,
    'It is served while your shell, your dashboard or `goldctl files share` runs.',
  ];
}

/** Who has a file. Those with the same content stand together: they are fetched from at once. */
export function sourcesLines(sources: readonly Source[], paper: Paper): string[] {
  const byHash = new Map<string, Source[]>();
  for (const source of sources) byHash.set(source.hash, [...(byHash.get(source.hash) ?? []), source]);
  return [...byHash].flatMap(([hash, same]) => {
    const [first] = same;
    const names = [...new Set(same.map(({ name }) => plain(name)))].join(', ');
    return [
      paper.style.heading(`${names}, ${formatBytes(first!.size)}, sha256 tree ${hash.slice(0, 16)}`),
      ...table(
        [
          { title: 'Member', most: 34 },
          { title: 'Here' },
          { title: 'Address' },
          { title: 'Of' },
          { title: 'Description', most: 60 },
        ],
        same.map((each) => [
          plain(each.member),
          each.online ? 'yes' : 'away',
          each.address === null ? '' : `${plain(each.address)}${each.port === null ? '' : `:${each.port}`}`,
          formatMinute(each.modified),
          plain(each.description),
        ]),
        { unicode: paper.unicode },
      ).map((line) => `  ${line}`),
    ];
  });
}
