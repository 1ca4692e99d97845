import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseConfig } from '../../src/daemon/config.ts';
import { AppError } from '../../src/domain/app-error.ts';
import { ROOT } from '../root.ts';

const DOCUMENT = join(ROOT, 'docs/operating.md');
/** What operating.md says in words instead of a default. */
const WORDS: Readonly<Record<string, unknown>> = { none: undefined, 'goldctl and its version': undefined };

interface Row {
  readonly name: string;
  readonly preset: unknown;
  readonly range: readonly [number, number] | undefined;
}

/** The table of settings on the page. */
function documented(document: string): Row[] {
  const rows = document.matchAll(/^\| `([a-zA-Z.]+)` \| (.+?) \| (?:(\d+)-(\d+))? ?\| .+ \|$/gm);
  return [...rows].map(([, name, preset, from, to]) => ({
    name: name!,
    preset: preset! in WORDS ? WORDS[preset!] : JSON.parse(preset!.replaceAll('`', '')),
    range: from === undefined ? undefined : [Number(from), Number(to)],
  }));
}

/** The text of a config.json with only this setting. */
function only(name: string, value: unknown): string {
  return JSON.stringify(name.split('.').reduceRight<unknown>((held, key) => ({ [key]: held }), value));
}

function refusal(text: string): string {
  try {
    parseConfig(text, 'config.json');
    return '';
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(AppError);
    return (thrown as AppError).message;
  }
}

/** The settings that the schema has under a name, taken from its message about an unknown one. */
function known(group: string): string[] {
  const unheard = 'q'.repeat(30);
  const message = refusal(only(group === '' ? unheard : `${group}.${unheard}`, 1));
  return /is not a setting; remove it or use one of (.+)\.$/.exec(message)![1]!.split(', ');
}

describe('the settings in docs/operating.md', () => {
  let rows: Row[];
  before(async () => {
    rows = documented(await readFile(DOCUMENT, 'utf8'));
  });

  it('are complete', () => {
    const groups = ['listen', 'log', 'limits', 'engine', 'rates'];
    const names = [
      ...known('').filter((name) => !groups.includes(name)),
      ...groups.flatMap((group) => known(group).map((name) => `${group}.${name}`)),
    ];
    expect(rows.map(({ name }) => name)).to.have.members(names);
  });

  it('have the real defaults', () => {
    const config = parseConfig('{}', 'config.json');
    for (const { name, preset } of rows) {
      const value = name.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], config);
      expect(value, name).to.deep.equal(preset);
    }
  });

  it('have the real ranges, to the last number', () => {
    const quoted = JSON.stringify({ limits: { queueHardBytes: 1_073_741_824 } });
    for (const { name, range } of rows) {
      if (!range) continue;
      const [from, to] = range;
      for (const good of range) {
        const text =
          name === 'limits.queueSoftBytes'
            ? quoted.replace('{"queue', `{"queueSoftBytes":${good},"queue`)
            : name === 'limits.queueHardBytes'
              ? JSON.stringify({ limits: { queueSoftBytes: 1024, queueHardBytes: good } })
              : only(name, good);
        expect(refusal(text), `${name} ${good}`).to.equal('');
      }
      for (const bad of [from - 1, to + 1, from + 0.5]) {
        expect(refusal(only(name, bad)), `${name} ${bad}`).to.include(name);
      }
    }
    expect(rows.filter(({ range }) => range).length, 'every number has a range').to.equal(
      rows.filter(
        ({ preset, name }) =>
          typeof preset === 'number' || ['sumPort', 'metricsPort', 'engine.replicas'].includes(name),
      ).length,
    );
  });
});
