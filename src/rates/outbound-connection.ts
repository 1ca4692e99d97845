import http from 'node:http';
import https from 'node:https';
import { isIPv4, type LookupFunction, type Socket } from 'node:net';
import type tls from 'node:tls';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { AppError } from '../domain/app-error.ts';

/** A proxy as it may be displayed: without user name and password. */
export interface ProxyAddress {
  /** `host:port`. */
  readonly host: string;
  /** The environment variable that configures it. */
  readonly variable: string;
}

export interface OutboundConnection {
  readonly agent: http.Agent;
  /** Undefined for a direct connection. */
  readonly proxy: ProxyAddress | undefined;
}

/** Prefix of the error code of a proxy that refuses a tunnel: `PROXY_407` for status 407. */
export const PROXY_ERROR_PREFIX = 'PROXY_';

/** @param lookup resolves the host; ignored behind a proxy, which resolves it itself */
export type ConnectionFactory = (url: URL, signal: AbortSignal, lookup?: LookupFunction) => OutboundConnection;

/**
 * Connects requests through the proxy of HTTPS_PROXY or HTTP_PROXY; directly if there is none, if NO_PROXY lists the
 * host, or if the host is this machine.
 * @param options TLS options that override those of the system
 * @returns a function that throws AppError NOT_AVAILABLE for an unsupported proxy
 */
export function createConnectionFactory(options: tls.ConnectionOptions = {}): ConnectionFactory {
  // Requests to one host are seconds to hours apart: a kept-alive connection would mostly be closed by then.
  const direct = {
    'http:': new http.Agent({ keepAlive: false }),
    'https:': new https.Agent({ keepAlive: false, ...options }),
  };
  return (url, signal, lookup) => {
    const secure = url.protocol === 'https:';
    const found = findProxy(url);
    if (!found && lookup) {
      const agent = secure ? new https.Agent({ ...options, keepAlive: false, lookup }) : new http.Agent({ lookup });
      return { agent, proxy: undefined };
    }
    if (!found) return { agent: direct[secure ? 'https:' : 'http:'], proxy: undefined };
    const { address, headers, ...proxy } = found;
    // One agent per request, so that the signal also aborts a connection to the proxy before the tunnel is up.
    const settings = { ...options, headers, signal };
    return { agent: secure ? new TunnelAgent(address, settings) : new HttpProxyAgent(address, settings), proxy };
  };
}

/** Tunnels TLS by CONNECT. A proxy status other than 200 becomes an error, never a response of the host. */
class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #tls: tls.ConnectionOptions;

  constructor(address: string, settings: tls.ConnectionOptions & { headers: Record<string, string> }) {
    super(address, settings);
    const { headers: _headers, ...options } = settings;
    this.#tls = options;
  }

  override async connect(
    request: Parameters<HttpsProxyAgent<string>['connect']>[0],
    options: Parameters<HttpsProxyAgent<string>['connect']>[1],
  ): Promise<Socket> {
    let status: number | undefined;
    request.once('proxyConnect', ({ statusCode }: { statusCode: number }) => {
      status = statusCode;
    });
    const socket = await super.connect(request, { ...this.#tls, ...options });
    if (status === 200) return socket;
    socket.destroy();
    throw Object.assign(new Error(`the proxy answered ${status}`), { code: `${PROXY_ERROR_PREFIX}${status}` });
  }
}

/** The proxy for a URL, with its credentials as a header. */
function findProxy(url: URL): (ProxyAddress & { address: string; headers: Record<string, string> }) | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const variable = [name, name.toUpperCase()].find((name) => process.env[name]);
  if (variable === undefined || isLocalHost(url.hostname) || getProxyForUrl(url.href) === '') return undefined;
  const proxy = parseProxy(process.env[variable]!, variable);
  const headers: Record<string, string> = {};
  if (proxy.username !== '' || proxy.password !== '') {
    const credentials = `${decodeUriOrKeep(proxy.username)}:${decodeUriOrKeep(proxy.password)}`;
    headers['Proxy-Authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }
  return { address: `${proxy.protocol}//${proxy.host}`, headers, host: proxy.host, variable };
}

/** Without a scheme, the proxy is http, as in curl. */
function parseProxy(text: string, variable: string): URL {
  const address = text.includes('://') ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy && (proxy.protocol === 'http:' || proxy.protocol === 'https:')) return proxy;
  // The value is not shown: it may contain a password.
  throw new AppError(
    'NOT_AVAILABLE',
    `${variable} is not the URL of an http or https proxy. Example: "http://proxy.example:3128". Correct or unset it.`,
  );
}

function decodeUriOrKeep(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a literal %
  }
}

function isLocalHost(hostname: string): boolean {
  const isIPv4Loopback = isIPv4(hostname) && hostname.startsWith('127.');
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isIPv4Loopback || hostname === '[::1]';
}
