import { isIP } from 'node:net';
import { isLoopback } from '../domain/address.ts';
import { AppError } from '../domain/app-error.ts';
import type { LegacyFile } from '../peer/ipc.ts';
import type { MethodResult } from '../protocol/methods.ts';

export type AvailableSource = MethodResult<'files.find'>['sources'][number];
type SelectedSources = readonly [AvailableSource, ...AvailableSource[]];

export interface SourceSelection {
  /** Key of this peer, which is no source for itself. */
  readonly own: string | undefined;
  readonly from?: readonly string[] | undefined;
  readonly hash?: string | undefined;
}

/** The sources of one content, online ones first. If only legacy clients have the file, those. */
export function selectSources(
  name: string,
  sources: readonly AvailableSource[],
  { own, from, hash }: SourceSelection,
): SelectedSources {
  const isNamed = (member: string) =>
    from === undefined || from.some((one) => one.toLowerCase() === member.toLowerCase());
  const others = sources.filter(({ key }) => key !== own);
  const candidates = others.filter(
    (source) => isNamed(source.member) && (hash === undefined || source.hash.startsWith(hash.toLowerCase())),
  );
  if (candidates.length === 0) {
    if (others.length === 0) {
      throw new AppError('NO_SUCH_FILE', `Only you have ${name}; it is already on this machine.`, { data: { name } });
    }
    const owners = [...new Set(others.map(({ member }) => member))].join(', ');
    throw new AppError('NO_SUCH_FILE', `None of the members you named has that ${name}. It is offered by ${owners}.`, {
      data: { name },
    });
  }
  const groups = new Map<string, AvailableSource[]>();
  for (const source of candidates) {
    if (source.online && !source.unencrypted) {
      groups.set(source.hash, [...(groups.get(source.hash) ?? []), source]);
    }
  }
  if (groups.size === 0) {
    const [old, ...more] = candidates.filter(({ online }) => online);
    if (old) return [old, ...more];
    throw sourcesOfflineError(name, [...new Set(candidates.map(({ member }) => member))]);
  }
  if (groups.size > 1) {
    const contents = [...groups].map(
      ([root, [first, ...rest]]) =>
        `${first!.size} bytes of ${[first!, ...rest].map(({ member }) => member).join(', ')} (${root.slice(0, 12)})`,
    );
    throw new AppError(
      'CONFLICT',
      `There are ${groups.size} different files named ${name}: ${contents.join('; ')}. Choose a member with --from, or a file with --hash.`,
      { data: { name, contents, hashes: [...groups.keys()] } },
    );
  }
  const [online] = groups.values();
  // Members with the same content who are offline may return before the end.
  const away = candidates.filter((source) => !source.online && source.hash === online![0]!.hash);
  return [...online!, ...away] as unknown as SelectedSources;
}

/** The file of a legacy client. A loopback address means the daemon's own machine. */
export function legacyFileOf(
  [{ member, name, size, address, tcpPort }, ...others]: SelectedSources,
  daemonAddress: string | undefined,
): LegacyFile {
  if (others.length > 0) {
    const owners = [{ member, size }, ...others].map((one) => `${one.member} (${one.size} bytes)`).join(', ');
    throw new AppError(
      'CONFLICT',
      `${name} is offered only by legacy clients: ${owners}. Their files may differ. Choose a member with --from.`,
      { data: { name } },
    );
  }
  if (address === null || tcpPort === undefined || isIP(address) === 0) throw sourcesOfflineError(name, [member]);
  return { member, name, size, port: tcpPort, address: isLoopback(address) ? (daemonAddress ?? address) : address };
}

function sourcesOfflineError(name: string, members: readonly string[]): AppError {
  return new AppError(
    'NOT_AVAILABLE',
    `${name} is offered by ${members.join(', ')}, who ${members.length === 1 ? 'is' : 'are'} not online now. Try again when \`goldctl users\` lists them.`,
    { data: { name } },
  );
}

export function unencryptedOnlyError([{ name, member }, ...others]: SelectedSources): AppError {
  const members = [member, ...others.map((source) => source.member)].join(', ');
  return new AppError(
    'NOT_ALLOWED',
    `${name} is offered only by ${members}, with a legacy client: the transfer is unencrypted and unverified. To download anyway: \`goldctl files fetch "${name}" --allow-unencrypted\`.`,
    { data: { name, unencrypted: true } },
  );
}

export function cannotShareError({ name, member }: AvailableSource): AppError {
  return new AppError(
    'NOT_ALLOWED',
    `${name} comes from a legacy client of ${member} and is unverified: download it without --share, check it, then publish it yourself.`,
    { data: { name } },
  );
}
