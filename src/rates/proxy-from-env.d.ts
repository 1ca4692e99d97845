/** What goldctl uses of proxy-from-env 2: it comes without declarations. */
declare module 'proxy-from-env' {
  /** The proxy for requests to a URL by the environment; empty where there is none, or NO_PROXY names the host. */
  export function getProxyForUrl(url: string): string;
}
