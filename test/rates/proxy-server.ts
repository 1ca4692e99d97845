import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';

/** A real HTTP proxy on loopback: tunnels by CONNECT and forwards plain requests. Only the proxy can resolve names. */
export class ProxyServer {
  /** Received requests: `CONNECT host:port`, or method and absolute URL. */
  readonly asked: string[] = [];
  /** Every byte received in tunnels, and every header of other requests. */
  readonly heard: Buffer[] = [];
  /** The Proxy-Authorization of each request. */
  readonly credentials: (string | undefined)[] = [];
  /** Ports on loopback by host and port. */
  readonly known = new Map<string, number>();
  /** The required Proxy-Authorization. */
  wanted: string | undefined;
  /** The response to a CONNECT in place of a tunnel. */
  answer: ((socket: net.Socket) => void) | undefined;
  /** Open connections. */
  open = 0;
  readonly #server: http.Server;
  readonly #sockets = new Set<net.Socket>();

  private constructor() {
    this.#server = http.createServer((request, response) => this.#pass(request, response));
    this.#server.on('connect', (request, socket, head) => this.#tunnel(request, socket as net.Socket, head));
    this.#server.on('connection', (socket: net.Socket) => {
      this.open++;
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.open--;
        this.#sockets.delete(socket);
      });
    });
  }

  static async listen(): Promise<ProxyServer> {
    const proxy = new ProxyServer();
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #tunnel(request: http.IncomingMessage, socket: net.Socket, head: Buffer): void {
    this.asked.push(`CONNECT ${request.url}`);
    this.credentials.push(request.headers['proxy-authorization']);
    socket.on('data', (bytes) => this.heard.push(bytes));
    socket.on('end', () => socket.end());
    if (this.answer) {
      this.answer(socket);
      return;
    }
    if (this.#refuses(request)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
      return;
    }
    const port = this.known.get(request.url ?? '');
    if (port === undefined) {
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
      return;
    }
    const upstream = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  }

  #pass(request: http.IncomingMessage, response: http.ServerResponse): void {
    this.asked.push(`${request.method} ${request.url}`);
    this.credentials.push(request.headers['proxy-authorization']);
    this.heard.push(Buffer.from(JSON.stringify(request.headers)));
    if (this.#refuses(request)) {
      response.writeHead(407, { 'Proxy-Authenticate': 'Basic' }).end();
      return;
    }
    const target = new URL(request.url ?? '');
    const port = this.known.get(`${target.hostname}:${target.port || 80}`);
    if (port === undefined) {
      response.writeHead(502).end();
      return;
    }
    const { 'proxy-authorization': _credentials, 'proxy-connection': _connection, ...headers } = request.headers;
    const options = { port, host: '127.0.0.1', method: request.method ?? 'GET', path: target.pathname + target.search };
    const upstream = http.request({ ...options, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    request.pipe(upstream);
  }

  #refuses(request: http.IncomingMessage): boolean {
    return this.wanted !== undefined && request.headers['proxy-authorization'] !== this.wanted;
  }
}
