import { STATUS_CODES } from 'node:http';
import { Failure } from '../domain/failure.ts';
import { formatSpan } from '../domain/instant.ts';
import { PROXY_REFUSED, type ProxyAddress } from './connections.ts';
import { INTERNAL_HOST } from './redirect-guard.ts';

/** Failures of fetches. Hosts are named, never whole URLs: keys stand in paths and queries. */

/** An answer that is no success. */
export function answered(host: string, status: number, retryAfterMs: number | undefined): Failure {
  const text = STATUS_CODES[status];
  const wait = retryAfterMs === undefined ? '' : ` It asks to wait ${formatSpan(retryAfterMs)}.`;
  return new Failure(
    'NOT_AVAILABLE',
    `${host} answered ${status}${text === undefined ? '' : ` ${text}`}; ${meaning(status)}.${wait}`,
    { data: { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) } },
  );
}

function meaning(status: number): string {
  if (status === 401) return "it wants a key, or refuses the one it got: see the provider's key in config.json";
  if (status === 403) return 'it refuses this address or wants another User-Agent or key';
  if (status === 404 || status === 410) return "what was asked for is not there: see the provider's url in config.json";
  if (status === 407) return 'a proxy in between wants a user name and a password: see HTTP_PROXY';
  if (status === 418 || status === 429) return 'it got too many requests from this address';
  if (status === 451) return 'it may not serve this country';
  if (status >= 500) return 'the trouble is on its side, goldctl tries again';
  if (status === 304) return 'it confirms a body that goldctl does not have';
  if (status >= 300 && status < 400) return 'it does not say where to go instead';
  return "it does not understand the request: see the provider's url in config.json";
}

/** No answer, or one that broke off or could not be read. */
export function unanswered(host: string, thrown: unknown, maxBytes: number, proxy?: ProxyAddress): Failure {
  const { type, code } = thrown as { type?: unknown; code?: unknown };
  const sentence =
    type === 'max-size'
      ? `${host} sent more than ${maxBytes} bytes; goldctl reads no more of it.`
      : proxy
        ? troubleBehind(proxy, host, code)
        : trouble(host, code);
  return new Failure('NOT_AVAILABLE', sentence, {
    cause: withoutUrls(thrown),
    ...(typeof code === 'string' ? { data: { error: code } } : {}),
  });
}

/** Codes of connections that did not come about: behind a proxy, those to the proxy. */
const UNREACHABLE = /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ENETDOWN|EADDRNOTAVAIL|ETIMEDOUT)$/;

function troubleBehind({ host: proxy, variable }: ProxyAddress, host: string, code: unknown): string {
  const name = typeof code === 'string' ? code : 'UNKNOWN';
  if (name.startsWith(PROXY_REFUSED)) {
    const status = Number(name.slice(PROXY_REFUSED.length));
    const text = STATUS_CODES[status] === undefined ? '' : ` ${STATUS_CODES[status]}`;
    const fix =
      status === 407
        ? `write its user name and password into ${variable}`
        : 'ask who runs it, or name the host in NO_PROXY';
    return `The proxy ${proxy} does not connect to ${host}: it answered ${status}${text}; ${fix}.`;
  }
  if (UNREACHABLE.test(name))
    return `The proxy ${proxy} cannot be reached (${name}); check ${variable} and the network.`;
  return `${trouble(host, code)} The connection goes through the proxy ${proxy} (${variable}).`;
}

function trouble(host: string, code: unknown): string {
  const name = typeof code === 'string' ? code : 'UNKNOWN';
  switch (name) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `The name ${host} could not be resolved; check the network and its name service.`;
    case 'ECONNREFUSED':
      return `${host} refuses connections; check the provider's url in config.json, or wait until its server is back.`;
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
    case 'EADDRNOTAVAIL':
      return `There is no way to ${host}; check the network.`;
    case INTERNAL_HOST:
      return `${host} is in an internal network, where a redirect from the internet may not lead; check the provider's url in config.json.`;
    case 'ETIMEDOUT':
      return `${host} did not take the connection in time; check the network, goldctl tries again.`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return `${host} broke the connection off; goldctl tries again.`;
    case 'CERT_NOT_YET_VALID':
    case 'CERT_HAS_EXPIRED':
      return `The certificate of ${host} is out of its time (${name}); check this machine's clock.`;
  }
  if (/CERT|SIGNATURE|ALTNAME/.test(name)) {
    return `The certificate of ${host} cannot be trusted (${name}); somebody may be in between, or its issuer is unknown here.`;
  }
  if (name === 'EPROTO' || /SSL|TLS/.test(name)) {
    return `No secure connection to ${host} came about (${name}); check whether its url wants http or https.`;
  }
  if (name.startsWith('HPE_')) return `${host} does not speak HTTP (${name}); check the provider's url in config.json.`;
  if (name.startsWith('Z_') || name.startsWith('ERR_BROTLI') || name.startsWith('ERR__ERROR_FORMAT')) {
    return `${host} sent a compressed body that is damaged (${name}); goldctl tries again.`;
  }
  return `The exchange with ${host} failed (${name}); check the network and the provider's url in config.json.`;
}

/** The cause for the log: an error of the fetch library names the whole URL, and with it key or password. */
function withoutUrls(thrown: unknown): Error {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new Error(text.replace(/(https?:\/\/)(?:[^\s/?#]*@)?([^\s/?#]*)[^\s,]*/gi, '$1$2/…'));
}
