import { type ChildProcessWithoutNullStreams, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Check } from 'typebox/value';
import { METHODS, type MethodName } from '../../src/protocol/methods.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { ROOT } from '../root.ts';
import { skip } from '../skip.ts';

const DOCUMENT = join(ROOT, 'docs/protocol.md');
const ADDRESS = '127.0.0.1:4000';
/** What differs between daemons and over time. */
const VARIES = new Set(['token', 'now', 'at', 'server']);

/** OpenSSL's client, fed line by line. */
class OpenSsl {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(command: string, address: string) {
    const [program, ...args] = command.replace(ADDRESS, address).split(' ');
    this.#child = spawn(program!, args);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  type(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** The next line of output. */
  async answer(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('openssl exited');
    return value;
  }

  /** Ends its input, and returns its exit status. */
  async end(): Promise<number | null> {
    const exited = once(this.#child, 'exit');
    this.#child.stdin.end();
    return (await exited)[0];
  }

  kill(): void {
    this.#child.kill();
  }
}

function masked(line: string): unknown {
  return JSON.parse(line, (key, value) => (VARIES.has(key) ? `<${key}>` : value));
}

function block(document: string, name: string): string[] {
  const found = new RegExp(`<!-- ${name} -->\n\`\`\`\\w*\n(.*?)\n\`\`\``, 's').exec(document);
  if (!found) throw new Error(`docs/protocol.md has no ${name}`);
  return found[1]!.split('\n');
}

describe('docs/protocol.md with OpenSSL', () => {
  let document: string;
  let daemon: DaemonFixture;
  let client: OpenSsl | undefined;

  before(async function () {
    if (spawnSync('openssl', ['version']).status !== 0) skip(this, 'openssl is not installed');
    document = await readFile(DOCUMENT, 'utf8');
    daemon = await DaemonFixture.start({ config: { listen: { port: 0 } } });
  });

  afterEach(() => client?.kill());
  after(() => daemon?.stop());

  it('shows the replies to a session when it is typed', async () => {
    client = new OpenSsl(/^openssl s_client.*$/m.exec(document)![0], daemon.address);
    for (const line of block(document, 'session')) {
      if (line.startsWith('> ')) client.type(line.slice(2));
      else expect(masked(await client.answer()), line).to.deep.equal(masked(line.slice(2)));
    }
  });

  it('shows the replies to every line of the script, and OpenSSL ends with its input', async () => {
    const script = block(document, 'script');
    client = new OpenSsl(/openssl .*/.exec(script.at(-1)!)![0], daemon.address);
    const asked = new Map<number, MethodName>();
    let waiting = 0;
    for (const line of script) {
      const [, text] = /^ {2}echo '(.*)'$/.exec(line) ?? [];
      if (text !== undefined) {
        client.type(text);
        waiting++;
        const { id, method } = JSON.parse(text);
        asked.set(id, method);
      } else if (line === '  sleep 1') {
        for (; waiting > 0; waiting--) {
          const { id, result } = JSON.parse(await client.answer());
          expect(Check(METHODS[asked.get(id)!].result, result), asked.get(id)).to.equal(true);
        }
      }
    }
    expect(asked.size).to.equal(4);
    expect(await client.end()).to.equal(0);
  });

  it('shows the fingerprint that the daemon prints', async () => {
    const command = /^openssl s_client.*x509.*$/m.exec(document)![0].replace(ADDRESS, daemon.address);
    const { stdout } = await promisify(execFile)('sh', ['-c', command]);
    const fingerprint = stdout.trim().split('=')[1]!.replaceAll(':', '').toLowerCase();
    expect(fingerprint).to.equal(daemon.daemon.status().fingerprint);
  });
});
