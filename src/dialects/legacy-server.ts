import { forumProtocol } from './forum.ts';
import { goldProtocol } from './gold.ts';
import { LegacyListener, type LegacyListenerStatus } from './legacy-listener.ts';
import type { LegacyProtocol, LegacyProtocolFactory, LegacyServices } from './legacy-protocol.ts';
import type { LegacyProtocolName, ListenAddress } from './listen-address.ts';
import { marketProtocol } from './market.ts';
import { shareProtocol } from './share.ts';
import { sumProtocol } from './sum.ts';

const PROTOCOL_FACTORIES: Readonly<Record<LegacyProtocolName, LegacyProtocolFactory>> = {
  gold: goldProtocol,
  forum: forumProtocol,
  share: shareProtocol,
  market: marketProtocol,
  sum: sumProtocol,
};

/** A listen address and the setting that asked for it. */
export type RequestedAddress = ListenAddress & { readonly setting: string };

/** All ports for legacy clients. */
export class LegacyServer {
  readonly #listeners: readonly LegacyListener[];
  #started: LegacyListener[] = [];

  constructor(addresses: readonly RequestedAddress[], services: LegacyServices) {
    this.#listeners = groupByAddress(addresses).map((group) => {
      const protocols: LegacyProtocol[] = group.map(({ dialect: protocol }) => PROTOCOL_FACTORIES[protocol](services));
      return new LegacyListener(protocols, services, group[0]!);
    });
  }

  get status(): LegacyListenerStatus[] {
    return this.#listeners.flatMap(({ status }) => status);
  }

  /** @throws AppError PORT_TAKEN */
  async start(): Promise<void> {
    for (const port of this.#listeners) {
      await port.start();
      this.#started.push(port);
    }
  }

  async stop(reason: string): Promise<void> {
    await Promise.all(this.#started.splice(0).map((port) => port.stop(reason)));
  }
}

/** Groups addresses by host and port; each free port (0) is a group of its own. */
function groupByAddress(addresses: readonly RequestedAddress[]): RequestedAddress[][] {
  const found: RequestedAddress[][] = [];
  for (const address of addresses) {
    const { host, port } = address;
    const shared = found.find(([first]) => port > 0 && first!.port === port && first!.host === host);
    if (shared) shared.push(address);
    else found.push([address]);
  }
  return found;
}
