/** An entry of package-lock.json. */
export interface Locked {
  readonly version: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

/** By their paths in node_modules. */
export type Lock = Readonly<Record<string, Locked>>;

/** Packages whose package.json has no `license` field: the place of their licence. */
const SAID_ELSEWHERE: Readonly<Record<string, readonly [licence: string, where: string]>> = {
  buffers: ['none stated', 'nowhere in the package; its author gives his other ones as MIT/X11'],
  'event-stream': ['MIT', 'in its file LICENCE'],
  memorystream: ['MIT', 'in its file LICENSE'],
  'png-js': ['MIT', 'at the head of png.js'],
  sparkline: ['MIT', 'in its file LICENSE-MIT'],
  'term-canvas': ['MIT', 'in its file Readme.md'],
};

/** Accepted licences of installed packages: each requires only attribution. */
export const ACCEPTED = [
  'MIT',
  'MIT/X11',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  '(MIT OR CC0-1.0)',
  'Unlicense',
  'none stated',
];

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** The packages installed with goldctl, by licence. */
export function licences(lock: Lock): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [path, { version, license, dev }] of Object.entries(lock)) {
    if (path === '' || dev) continue;
    const name = nameOf(path);
    const licence = license ?? SAID_ELSEWHERE[name]?.[0] ?? 'unknown';
    const packages = found.get(licence) ?? [];
    found.set(licence, packages);
    const named = `${name} ${version}`;
    if (!packages.includes(named)) packages.push(named);
  }
  return found;
}

/** Content of docs/licences.md. */
export function licencesPage(lock: Lock): string {
  const found = [...licences(lock)].sort(([a], [b]) => (a < b ? -1 : 1));
  const elsewhere = Object.entries(SAID_ELSEWHERE).map(
    ([name, [licence, where]]) => `- ${name}: ${licence}, ${where}.`,
  );
  return `# Licences

goldctl itself is under the MIT licence ([LICENSE](../LICENSE)). These packages are installed with it, by the licences
that they state; the texts are in their folders of \`node_modules\`. \`npm run docs\` writes this page from package-lock.json.

${found.map(([licence, packages]) => `## ${licence}\n\n${packages.sort().join(', ')}.`).join('\n\n')}

## Stated elsewhere than in package.json

${elsewhere.join('\n')}
`;
}
