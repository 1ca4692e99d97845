import { joinSafe, type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { formatDateTime } from '../domain/time.ts';
import type { MethodParams, MethodResult } from '../protocol/methods.ts';
import { formatBytes } from './byte-format.ts';
import { advise, type OutputFormat, PLAIN_STYLE } from './output-format.ts';
import type { RpcCaller } from './rate-history.ts';
import { formatTable, rightAligned } from './table.ts';

type FileListingResult = MethodResult<'files.discover'>['listings'][number];
type FileSourceResult = MethodResult<'files.find'>['sources'][number];

/** Maximum files of one result: more than anybody reads. */
const MAX_LISTINGS = 2000;
const LEGACY_WARNING = safeText`unencrypted and unverified: from a legacy client`;
const ALLOW_UNENCRYPTED_COMMAND = safeText`goldctl files fetch NAME --allow-unencrypted`;

/** Reads all published files of a member, or of all online members, page by page. */
export async function readListings(
  caller: RpcCaller,
  params: Pick<MethodParams<'files.discover'>, 'member' | 'text'>,
): Promise<{ readonly listings: readonly FileListingResult[]; readonly more: boolean }> {
  const listings: FileListingResult[] = [];
  let cursor: string | null = null;
  do {
    const page: MethodResult<'files.discover'> = await caller.call('files.discover', {
      ...params,
      ...(cursor === null ? {} : { cursor }),
    });
    listings.push(...page.listings);
    cursor = page.cursor;
  } while (cursor !== null && listings.length < MAX_LISTINGS);
  return { listings, more: cursor !== null };
}

/** Files, one per line. `member` is set if only one member was asked for. */
export function listingsTable(
  listings: readonly FileListingResult[],
  format: OutputFormat,
  { member, text }: { readonly member?: string; readonly text?: string } = {},
): SafeText[] {
  if (listings.length === 0) {
    const fits = text === undefined ? safeText`` : safeText` matching "${sanitizeText(text)}"`;
    return [
      member === undefined
        ? safeText`No online member publishes a file${fits}.`
        : safeText`${sanitizeText(member)} publishes no file${fits}.`,
      text === undefined
        ? safeText`To publish one: ${advise(format, safeText`goldctl files publish FILE`, safeText`PUBLISH file`)}`
        : safeText`Try a shorter search. For all files: ${advise(format, safeText`goldctl files list`, safeText`LIST`)}`,
    ];
  }
  const rows = formatTable(
    [
      { title: 'File', maxWidth: 48, minWidth: 20, importance: 3 },
      rightAligned('Size'),
      { title: 'Modified', importance: 0 },
      { title: 'Member', maxWidth: 34, minWidth: 12, importance: 3 },
      'Online',
      { title: 'Description', maxWidth: 60, minWidth: 12, importance: 1 },
    ],
    listings.map((each) => [
      sanitizeText(each.name),
      formatBytes(each.size),
      formatDateTime(each.modified),
      sanitizeText(each.member),
      each.online ? (each.unencrypted ? safeText`unencrypted` : 'yes') : 'no',
      sanitizeText(each.description),
    ]),
    format,
  );
  const some = listings.some(({ online, unencrypted }) => online && unencrypted);
  const elsewhere = advise(format, safeText``, safeText`, in another terminal`);
  return some
    ? [...rows, safeText`${LEGACY_WARNING}. To download anyway${elsewhere}: ${ALLOW_UNENCRYPTED_COMMAND}`]
    : rows;
}

export function publicationNotice(result: Pick<FileListingResult, 'member' | 'name' | 'size'>): SafeText {
  const { member, name, size } = result;
  return safeText`${sanitizeText(member)} publishes ${sanitizeText(name)} (${formatBytes(size)})`;
}

export function publishedSummary({ name, size, hash }: Pick<FileListingResult, 'name' | 'size' | 'hash'>): SafeText[] {
  return [
    safeText`${sanitizeText(name)} is published (${formatBytes(size)}, sha256 tree ${sanitizeText(hash.slice(0, 16))}).`,
    safeText`It is served while your shell, your dashboard or \`goldctl files share\` runs.`,
  ];
}

function formatSourceEndpoint({ address, port: udp, tcpPort }: FileSourceResult): SafeText {
  const port = tcpPort ?? udp;
  return address === null
    ? safeText``
    : safeText`${sanitizeText(address)}${port === null ? safeText`` : safeText`:${port}`}`;
}

/** The members who have a file, grouped by identical content, because a group is downloaded in parallel. */
export function fileSourcesLines(sources: readonly FileSourceResult[], format: OutputFormat): SafeText[] {
  const byHash = new Map<string, FileSourceResult[]>();
  for (const source of sources) {
    const content = source.unencrypted ? source.member : source.hash; // without a hash nothing proves that two files are equal
    byHash.set(content, [...(byHash.get(content) ?? []), source]);
  }
  return [...byHash.values()].flatMap((same) => {
    const { size, hash, unencrypted } = same[0]!;
    const names = joinSafe([...new Set(same.map(({ name }) => sanitizeText(name)))], ', ');
    return [
      format.style.heading(
        safeText`${names}, ${formatBytes(size)}, ${unencrypted ? LEGACY_WARNING : safeText`sha256 tree ${sanitizeText(hash.slice(0, 16))}`}`,
      ),
      ...formatTable(
        [
          { title: 'Member', maxWidth: 34, minWidth: 12, importance: 3 },
          'Online',
          { title: 'Address', importance: 1 },
          { title: 'Modified', importance: 0 },
          { title: 'Description', maxWidth: 60, minWidth: 12, importance: 1 },
        ],
        same.map((each) => [
          sanitizeText(each.member),
          each.online ? 'yes' : 'no',
          formatSourceEndpoint(each),
          formatDateTime(each.modified),
          sanitizeText(each.description),
        ]),
        {
          unicode: format.unicode,
          style: PLAIN_STYLE,
          fitWidth: format.fitWidth === undefined ? undefined : format.fitWidth - 2,
        },
      ).map((line) => safeText`  ${line}`),
    ];
  });
}
