// Attacks by responses of price sources.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { count, type Tally } from './attack.ts';

/** `rates.providers` of config.json, and the start of responses: until then requests wait. */
export interface HostileSources {
  readonly providers: Readonly<Record<string, object>>;
  begin(): void;
}

interface Source {
  /** One each: requests to one host are sequential. */
  readonly host: string;
  readonly settings?: object;
  /** @param asked number of earlier requests */
  answer(response: ServerResponse, asked: number): void;
}

/** A public address for the daemon: `strangers.ts` assigns it to a machine of the fault's own network. */
export const PUBLIC_ADDRESS = '203.0.113.80';
const NAMES = 20_000;
/** The maximum number of rows read of one body. */
const MAX_READ = 10_000;
/** New names in each body: as many as a source may add in total. */
const KEPT = 500;
const COMPANY = 'A company whose name is not short';
/** Slightly less than the 5 MiB that are read of a body. */
const LARGE_XML = `<a>${'<b c="1"/>'.repeat(520_000)}</a>`;
const SETTINGS = {
  market: 'crypto',
  every: '1s',
  quote: { instrument: 'name', buy: 'price', sell: 'price', company: 'company', currency: "'USD'", unit: "'coin'" },
};

/** 20,000 names that were in no earlier body. */
function newNames(source: number, body: number): string {
  const row = (_: unknown, i: number) => ({ name: `S${source}-${body}-${i}`, price: 100, company: COMPANY });
  return JSON.stringify(Array.from({ length: NAMES }, row));
}

/** The maximum number of names: the first are the same in each body with other prices, the others are new. */
function readNames(source: number, body: number): string {
  const row = (_: unknown, i: number) =>
    i < KEPT
      ? { name: `S${source}-${i}`, price: 100 + (body % 10) / 10, company: COMPANY }
      : { name: `S${source}-${body}-${i}`, price: 100, company: COMPANY };
  return JSON.stringify(Array.from({ length: MAX_READ }, row));
}

export const SOURCES: Readonly<Record<string, (tally: Tally) => Promise<HostileSources>>> = {
  F2({ done }) {
    const source = (i: number): Source => ({
      host: `127.0.2.${1 + i}`,
      answer(response, asked) {
        response.end(i % 2 === 0 ? newNames(i, asked) : readNames(i, asked));
        count(done, i % 2 === 0 ? `bodies of ${NAMES} new names` : `bodies of ${MAX_READ} names`);
      },
    });
    return listen(Array.from({ length: 8 }, (_, i) => source(i)));
  },

  F17({ done, breaches }) {
    const inside = ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '10.0.0.1'];
    breaches['redirects followed inside'] = 0;
    const xml = (i: number): Source => ({
      host: `127.0.2.${1 + i}`,
      settings: { format: 'xml', rows: 'a.b' },
      answer(response) {
        response.end(LARGE_XML);
        count(done, 'bodies of XML');
      },
    });
    const redirecting: Source = {
      host: PUBLIC_ADDRESS,
      answer(response, asked) {
        const { localPort } = response.socket!;
        response.writeHead(302, { location: `http://${inside[asked % inside.length]}:${localPort}/inside` }).end();
        count(done, 'redirects');
      },
    };
    return listen([redirecting, xml(0), xml(1), xml(2)], () => count(breaches, 'redirects followed inside'));
  },
};

/** @param onOther called for requests to other paths than those of config.json */
async function listen(sources: readonly Source[], onOther = () => {}): Promise<HostileSources> {
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const asked = sources.map(() => 0);
  const server = createServer(async ({ url = '' }, response) => {
    await begun;
    const index = sources.findIndex((_, i) => url === `/${i}`);
    if (index >= 0) sources[index]!.answer(response, asked[index]!++);
    else {
      onOther();
      response.destroy();
    }
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const providers = sources.map(({ host, settings }, i) => [
    `source-${i}`,
    { ...SETTINGS, ...settings, url: `http://${host}:${port}/${i}` },
  ]);
  return { providers: Object.fromEntries(providers), begin };
}
