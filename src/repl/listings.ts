import { plain } from '../domain/fold.ts';
import { formatMinute, formatShareTime } from '../domain/instant.ts';
import { joinSafe, repeatSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import type { Params, Result } from '../protocol/methods.ts';
import { formatBytes } from './bytes.ts';
import type { Caller } from './history.ts';
import type { Paper } from './paper.ts';
import { table } from './table.ts';

type Listing = Result<'files.discover'>['listings'][number];
type Source = Result<'files.find'>['sources'][number];

/** Files of one answer, and of as many as anybody reads. */
const MOST = 2000;
/** Of dashes below a file, as the file seed has them. */
const RULE = repeatSafe(safeText`-`, 50);
const OLD_CLIENTS = safeText`unencrypted: from an old client over TCP, and not verified`;
const ALLOW = safeText`goldctl files fetch NAME --allow-unencrypted`;

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
): SafeText[] {
  if (listings.length === 0) {
    const fits = text === undefined ? safeText`` : safeText` that "${plain(text)}" fits`;
    return [
      member === undefined
        ? safeText`Nobody who is here publishes a file${fits}.`
        : safeText`${plain(member)} publishes no file${fits}.`,
      text === undefined
        ? safeText`To publish one: PUBLISH file`
        : safeText`Fewer letters may find more; without any, all are listed.`,
    ];
  }
  const rows = table(
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
      each.online ? (each.unencrypted ? safeText`unencrypted` : 'yes') : safeText`away`,
      plain(each.description),
    ]),
    { heading: paper.style.heading, unicode: paper.unicode },
  );
  const some = listings.some(({ online, unencrypted }) => online && unencrypted);
  return some ? [...rows, safeText`${OLD_CLIENTS}. To take it all the same: ${ALLOW}`] : rows;
}

/** What one member publishes, in the words of the file seed's server. */
export function repositoryLines(listings: readonly Listing[]): SafeText[] {
  const [first] = listings;
  if (!first) return [safeText`This hostname's repo is empty`];
  const member = plain(first.member);
  const away = listings.filter(({ online }) => !online).length;
  const old = listings.some(({ unencrypted }) => unencrypted);
  return [
    safeText`This hostname's repository:`,
    ...listings.flatMap(({ name, size, modified, description }) => [
      safeText`File name: ${plain(name)}`,
      safeText`File size: ${size}B`,
      safeText`File date: ${formatShareTime(modified)}`,
      safeText`File description: ${plain(description)}`,
      RULE,
    ]),
    ...(away === 0
      ? []
      : [safeText`${away} of ${listings.length} cannot be had now: ${member} is not there with them.`]),
    ...(old
      ? [
          safeText`${member} uses an old client: what it gives comes unencrypted over TCP, and nothing verifies it. To take it all the same: ${ALLOW}`,
        ]
      : []),
  ];
}

/** `Yoda publishes lecture1.mp4 (12.3 MB)` */
export function publishedLine({ member, name, size }: Pick<Listing, 'member' | 'name' | 'size'>): SafeText {
  return safeText`${plain(member)} publishes ${plain(name)} (${formatBytes(size)})`;
}

/** What somebody learns who published a file. */
export function publishedLines({ name, size, hash }: Pick<Listing, 'name' | 'size' | 'hash'>): SafeText[] {
  return [
    safeText`${plain(name)} is published (${formatBytes(size)}, sha256 tree ${plain(hash.slice(0, 16))}).`,
    safeText`It is served while your shell, your dashboard or \`goldctl files share\` runs.`,
  ];
}

function placeOf({ address, port: udp, tcpPort }: Source): SafeText {
  const port = tcpPort ?? udp;
  return address === null ? safeText`` : safeText`${plain(address)}${port === null ? safeText`` : safeText`:${port}`}`;
}

/** Who has a file. Those with the same content stand together: they are fetched from at once. */
export function sourcesLines(sources: readonly Source[], paper: Paper): SafeText[] {
  const byHash = new Map<string, Source[]>();
  for (const source of sources) {
    const content = source.unencrypted ? source.member : source.hash; // nothing says that two are the same
    byHash.set(content, [...(byHash.get(content) ?? []), source]);
  }
  return [...byHash.values()].flatMap((same) => {
    const { size, hash, unencrypted } = same[0]!;
    const names = joinSafe([...new Set(same.map(({ name }) => plain(name)))], ', ');
    return [
      paper.style.heading(
        safeText`${names}, ${formatBytes(size)}, ${unencrypted ? OLD_CLIENTS : safeText`sha256 tree ${plain(hash.slice(0, 16))}`}`,
      ),
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
          each.online ? 'yes' : safeText`away`,
          placeOf(each),
          formatMinute(each.modified),
          plain(each.description),
        ]),
        { unicode: paper.unicode },
      ).map((line) => safeText`  ${line}`),
    ];
  });
}
