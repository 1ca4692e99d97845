import type { Dialect, DialectRoom, MakeDialect } from './dialect.ts';
import { forumDialect } from './forum.ts';
import { goldDialect } from './gold.ts';
import { marketDialect } from './market.ts';
import type { DialectName, DialectPlace } from './place.ts';
import { DialectPort, type PortStatus } from './port.ts';
import { shareDialect } from './share.ts';
import { sumDialect } from './sum.ts';

/** Every dialect, one adapter each. */
const ADAPTERS: Readonly<Record<DialectName, MakeDialect>> = {
  gold: goldDialect,
  forum: forumDialect,
  share: shareDialect,
  market: marketDialect,
  sum: sumDialect,
};

/** A place, and what of the settings asked for it. */
export type AskedPlace = DialectPlace & { readonly setting: string };

/** The ports of old clients. */
export class Dialects {
  readonly #ports: readonly DialectPort[];
  #started: DialectPort[] = [];

  constructor(places: readonly AskedPlace[], room: DialectRoom) {
    this.#ports = groups(places).map((group) => {
      const dialects: Dialect[] = group.map(({ dialect }) => ADAPTERS[dialect](room));
      return new DialectPort(dialects, room, group[0]!);
    });
  }

  get status(): PortStatus[] {
    return this.#ports.flatMap(({ status }) => status);
  }

  /** @throws Failure PORT_TAKEN */
  async start(): Promise<void> {
    for (const port of this.#ports) {
      await port.start();
      this.#started.push(port);
    }
  }

  async stop(reason: string): Promise<void> {
    await Promise.all(this.#started.splice(0).map((port) => port.stop(reason)));
  }
}

/** Those of one host and port together; every free port is one of its own. */
function groups(places: readonly AskedPlace[]): AskedPlace[][] {
  const found: AskedPlace[][] = [];
  for (const place of places) {
    const shared = found.find(([first]) => place.port > 0 && first!.port === place.port && first!.host === place.host);
    if (shared) shared.push(place);
    else found.push([place]);
  }
  return found;
}
