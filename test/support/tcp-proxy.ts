import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between the application and a server, to take that server away and give it back. */
export class TcpProxy {
  private state: 'open' | 'cut' | 'silent' = 'open';
  private readonly clients = new Set<Socket>();
  private readonly upstreams = new Map<Socket, Socket>();
  private readonly forgotten: Socket[] = [];

  private constructor(
    private readonly target: URL,
    private readonly server: Server,
  ) {}

  /** A proxy on a free port of 127.0.0.1. `target`: where to, with its port or PostgreSQL's 5432. */
  static async start(target: string): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true });
    const proxy = new TcpProxy(new URL(target), server);
    server.on('connection', (client) => proxy.accept(client));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return proxy;
  }

  /** The target's URL, by way of the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  /** Resets every connection, and each new one. */
  cut(): void {
    this.state = 'cut';
    for (const socket of [...this.clients, ...this.upstreams.values()]) socket.resetAndDestroy();
  }

  /** A black hole: connections stay, new ones are accepted, and nothing passes any more, in either direction. */
  silence(): void {
    this.state = 'silent';
    for (const socket of [...this.clients, ...this.upstreams.values()]) socket.pause();
  }

  /** Lets everything pass again, what was held back first. */
  heal(): void {
    this.state = 'open';
    for (const socket of this.upstreams.values()) socket.resume();
    for (const client of this.clients) this.forward(client);
  }

  /** A black hole for the connections there are, for good; new ones pass. As after a failover, or in a firewall that forgot them. */
  forget(): void {
    this.silence();
    for (const [client, upstream] of this.upstreams) this.forgotten.push(client, upstream);
    this.clients.clear();
    this.upstreams.clear();
    this.state = 'open';
  }

  async close(): Promise<void> {
    this.cut();
    for (const socket of this.forgotten) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(client: Socket): void {
    if (this.state === 'cut') {
      client.resetAndDestroy();
      return;
    }
    this.clients.add(client);
    client.on('error', () => client.destroy());
    client.on('close', () => {
      this.clients.delete(client);
      this.upstreams.get(client)?.destroy();
      this.upstreams.delete(client);
    });
    if (this.state === 'open') this.forward(client);
  }

  private forward(client: Socket): void {
    if (!this.upstreams.has(client)) {
      const upstream = connect(Number(this.target.port || 5432), this.target.hostname);
      this.upstreams.set(client, upstream);
      upstream.on('error', () => upstream.destroy());
      upstream.on('close', () => client.destroy());
      upstream.on('data', (chunk) => client.write(chunk));
      client.on('data', (chunk) => upstream.write(chunk));
      client.on('end', () => upstream.end());
    }
    client.resume();
  }
}
