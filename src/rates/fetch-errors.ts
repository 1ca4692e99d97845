import { STATUS_CODES } from 'node:http';
import { AppError } from '../domain/app-error.ts';
import { defined } from '../domain/defined.ts';
import { formatDuration } from '../domain/time.ts';
import { PROXY_ERROR_PREFIX, type ProxyAddress } from './outbound-connection.ts';
import { INTERNAL_HOST_CODE } from './redirect-guard.ts';

/** Errors of fetches. They name hosts, never whole URLs: paths and queries may contain keys. */

/** For a response status other than success. */
export function httpError(host: string, status: number, retryAfterMs: number | undefined): AppError {
  const text = STATUS_CODES[status];
  const wait = retryAfterMs === undefined ? '' : ` It asks clients to wait ${formatDuration(retryAfterMs)}.`;
  return new AppError(
    'NOT_AVAILABLE',
    `${host} responded with ${status}${text === undefined ? '' : ` ${text}`}; ${explainStatus(status)}.${wait}`,
    { data: { status, ...defined({ retryAfterMs }) } },
  );
}

function explainStatus(status: number): string {
  if (status === 401) return "the key is missing or was rejected: check the provider's key in config.json";
  if (status === 403) return 'it rejects this IP address, User-Agent or key';
  if (status === 404 || status === 410) return "the resource does not exist: check the provider's url in config.json";
  if (status === 407) return 'a proxy requires a user name and a password: check HTTP_PROXY';
  if (status === 418 || status === 429) return 'it received too many requests from this IP address';
  if (status === 451) return 'it is not available in this country';
  if (status >= 500) return 'the server has a problem; goldctl will try again';
  if (status === 304) return 'it refers to a cached body that goldctl does not have';
  if (status >= 300 && status < 400) return 'the redirect has no target';
  return "it rejected the request: check the provider's url in config.json";
}

/** For a missing, incomplete or unreadable response. */
export function networkError(host: string, thrown: unknown, maxBytes: number, proxy?: ProxyAddress): AppError {
  const { type, code } = thrown as { type?: unknown; code?: unknown };
  const sentence =
    type === 'max-size'
      ? `${host} sent more than ${maxBytes} bytes; the response was dropped.`
      : proxy
        ? describeProxyError(proxy, host, code)
        : describeNetworkError(host, code);
  return new AppError('NOT_AVAILABLE', sentence, {
    cause: redactUrls(thrown),
    ...(typeof code === 'string' ? { data: { error: code } } : {}),
  });
}

/** Connect errors; behind a proxy, they concern the proxy. */
const UNREACHABLE_CODES =
  /^(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|ENETDOWN|EADDRNOTAVAIL|ETIMEDOUT)$/;

function describeProxyError({ host: proxy, variable }: ProxyAddress, host: string, code: unknown): string {
  const name = typeof code === 'string' ? code : 'UNKNOWN';
  if (name.startsWith(PROXY_ERROR_PREFIX)) {
    const status = Number(name.slice(PROXY_ERROR_PREFIX.length));
    const text = STATUS_CODES[status] === undefined ? '' : ` ${STATUS_CODES[status]}`;
    const fix =
      status === 407
        ? `add its user name and password to ${variable}`
        : 'ask its operator, or list the host in NO_PROXY';
    return `The proxy ${proxy} does not connect to ${host}: it responded with ${status}${text}; ${fix}.`;
  }
  if (UNREACHABLE_CODES.test(name))
    return `The proxy ${proxy} cannot be reached (${name}); check ${variable} and the network.`;
  return `${describeNetworkError(host, code)} The connection goes through the proxy ${proxy} (${variable}).`;
}

function describeNetworkError(host: string, code: unknown): string {
  const name = typeof code === 'string' ? code : 'UNKNOWN';
  switch (name) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `Could not resolve ${host}; check the network and DNS.`;
    case 'ECONNREFUSED':
      return `${host} refuses connections; check the provider's url in config.json, or wait until its server is back.`;
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
    case 'EADDRNOTAVAIL':
      return `No route to ${host}; check the network.`;
    case INTERNAL_HOST_CODE:
      return `${host} is in an internal network, and redirects from the internet into one are blocked; check the provider's url in config.json.`;
    case 'ETIMEDOUT':
      return `${host} did not accept the connection in time; check the network. goldctl will try again.`;
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return `${host} closed the connection early; goldctl will try again.`;
    case 'CERT_NOT_YET_VALID':
    case 'CERT_HAS_EXPIRED':
      return `The certificate of ${host} has expired or is not yet valid (${name}); check this machine's clock.`;
  }
  if (/CERT|SIGNATURE|ALTNAME/.test(name)) {
    return `The certificate of ${host} cannot be trusted (${name}); someone may be intercepting the connection, or its issuer is unknown here.`;
  }
  if (name === 'EPROTO' || /SSL|TLS/.test(name)) {
    return `The TLS handshake with ${host} failed (${name}); check whether its url needs http or https.`;
  }
  if (name.startsWith('HPE_')) return `${host} does not speak HTTP (${name}); check the provider's url in config.json.`;
  if (name.startsWith('Z_') || name.startsWith('ERR_BROTLI') || name.startsWith('ERR__ERROR_FORMAT')) {
    return `${host} sent a corrupt compressed body (${name}); goldctl will try again.`;
  }
  return `The request to ${host} failed (${name}); check the network and the provider's url in config.json.`;
}

/** The cause for the log: errors of the fetch library contain the whole URL, with key or password. */
function redactUrls(thrown: unknown): Error {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return new Error(text.replace(/(https?:\/\/)(?:[^\s/?#]*@)?([^\s/?#]*)[^\s,]*/gi, '$1$2/…'));
}
