import http from 'node:http';
import https from 'node:https';
import { isIPv4, type LookupFunction, type Socket } from 'node:net';
import type tls from 'node:tls';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { Failure } from '../domain/failure.ts';

/** A proxy, as people may read of it: its user name and password are not in it. */
export interface ProxyAddress {
  /** Host and port. */
  readonly host: string;
  /** The variable of the environment that names it. */
  readonly variable: string;
}

/** How a request goes out. */
export interface Connection {
  readonly agent: http.Agent;
  /** Undefined where it goes to its host directly. */
  readonly proxy: ProxyAddress | undefined;
}

/** Code of the error for a proxy that does not connect to a host: `PROXY_407` for its answer 407. */
export const PROXY_REFUSED = 'PROXY_';

/** @param lookup finds the addresses of the host; behind a proxy, the proxy does */
export type Connect = (url: URL, signal: AbortSignal, lookup?: LookupFunction) => Connection;

/**
 * How requests are connected: through the proxy that HTTPS_PROXY or HTTP_PROXY names, or directly where there is none,
 * where NO_PROXY names the host, and to this machine itself.
 * @param options of TLS, where those of the system do not fit
 * @returns a function that throws Failure NOT_AVAILABLE for a proxy that goldctl cannot use
 */
export function connections(options: tls.ConnectionOptions = {}): Connect {
  // Fetches of one host are seconds to hours apart: a kept connection would mostly be found closed.
  const direct = {
    'http:': new http.Agent({ keepAlive: false }),
    'https:': new https.Agent({ keepAlive: false, ...options }),
  };
  return (url, signal, lookup) => {
    const secure = url.protocol === 'https:';
    const found = proxyFor(url);
    if (!found && lookup) {
      const agent = secure ? new https.Agent({ ...options, keepAlive: false, lookup }) : new http.Agent({ lookup });
      return { agent, proxy: undefined };
    }
    if (!found) return { agent: direct[secure ? 'https:' : 'http:'], proxy: undefined };
    const { address, headers, ...proxy } = found;
    // The signal also ends a connection to the proxy that is not yet one to the host. Hence an agent for each request.
    const settings = { ...options, headers, signal };
    return { agent: secure ? new TunnelAgent(address, settings) : new HttpProxyAgent(address, settings), proxy };
  };
}

/** Connects to hosts over TLS by CONNECT. An answer of the proxy other than 200 is an error, never one of the host. */
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
    throw Object.assign(new Error(`the proxy answered ${status}`), { code: `${PROXY_REFUSED}${status}` });
  }
}

/** The proxy for a URL, and what it is told of who asks. */
function proxyFor(url: URL): (ProxyAddress & { address: string; headers: Record<string, string> }) | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const variable = [name, name.toUpperCase()].find((name) => process.env[name]);
  if (variable === undefined || isThisMachine(url.hostname) || getProxyForUrl(url.href) === '') return undefined;
  const proxy = parseProxy(process.env[variable]!, variable);
  const headers: Record<string, string> = {};
  if (proxy.username !== '' || proxy.password !== '') {
    const credentials = `${decoded(proxy.username)}:${decoded(proxy.password)}`;
    headers['Proxy-Authorization'] = `Basic ${Buffer.from(credentials).toString('base64')}`;
  }
  return { address: `${proxy.protocol}//${proxy.host}`, headers, host: proxy.host, variable };
}

/** Without a scheme it is one of http, as curl has it. */
function parseProxy(text: string, variable: string): URL {
  const address = text.includes('://') ? text : `http://${text}`;
  const proxy = URL.canParse(address) ? new URL(address) : undefined;
  if (proxy && (proxy.protocol === 'http:' || proxy.protocol === 'https:')) return proxy;
  // Its value is not shown: it may hold a password.
  throw new Failure(
    'NOT_AVAILABLE',
    `${variable} is not the address of an http or https proxy; write it as "http://proxy.example:3128", or unset it.`,
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a % that stands for itself
  }
}

function isThisMachine(hostname: string): boolean {
  const isIPv4Loopback = isIPv4(hostname) && hostname.startsWith('127.');
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isIPv4Loopback || hostname === '[::1]';
}
