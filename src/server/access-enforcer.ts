import { cidrContains, parseCidr } from '../domain/address.ts';
import type { Account } from '../projections/accounts.ts';
import type { AddressBan } from '../projections/address-bans.ts';
import type { ReadModel, ReadModelChange } from '../projections/read-model.ts';
import type { Presence } from '../room/presence.ts';
import type { ClientConnection } from './client-connection.ts';
import type { ConnectionRegistry } from './connection-registry.ts';
import type { IntroductionServer } from './introduction-server.ts';

/**
 * Disconnects members and addresses that lost access. Driven by the journal, so that every daemon of the cluster
 * enforces a change, whichever daemon received it.
 */
export class AccessEnforcer {
  readonly #view: Pick<ReadModel, 'onChange'>;
  readonly #presence: Presence<ClientConnection>;
  readonly #connections: ConnectionRegistry;
  readonly #introductionServer: Pick<IntroductionServer, 'forgetAddress'>;
  readonly #now: () => number;
  #unsubscribe: (() => void) | undefined;

  constructor(services: {
    view: Pick<ReadModel, 'onChange'>;
    presence: Presence<ClientConnection>;
    sessions: ConnectionRegistry;
    introductionServer: Pick<IntroductionServer, 'forgetAddress'>;
    now: () => number;
  }) {
    this.#view = services.view;
    this.#presence = services.presence;
    this.#connections = services.sessions;
    this.#introductionServer = services.introductionServer;
    this.#now = services.now;
  }

  start(): void {
    this.#unsubscribe = this.#view.onChange((change, seq) => this.#onChange(change, seq));
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  #onChange(change: ReadModelChange, seq: number): void {
    if (change.type === 'account') this.#onAccountChange(change.account as Account, seq);
    else if (change.type === 'addressBan' && change.ban) this.#onAddressBan(change.ban as AddressBan);
  }

  #onAccountChange({ name, tokens, passwordSeq, banned, banReason, banUntil }: Account, seq: number): void {
    if (banned && (banUntil === undefined || banUntil > this.#now())) {
      this.#presence.end(name, banReason ?? 'The owner banned this account.');
      return;
    }
    const isNewPassword = seq === passwordSeq;
    for (const connection of this.#presence.localConnections(name)) {
      // A legacy client has no token: it stays until the password changes.
      if (connection.old ? isNewPassword : !tokens.includes(connection.session)) {
        if (connection.isSigningOut) continue;
        this.#presence.leave(name, connection);
        connection.end(isNewPassword ? 'The password was changed.' : 'Signed out.', { final: true });
      }
    }
  }

  #onAddressBan({ range: text, reason, until }: AddressBan): void {
    const range = parseCidr(text);
    if (!range || (until !== undefined && until <= this.#now())) return;
    this.#introductionServer.forgetAddress((address) => cidrContains(range, address));
    for (const connection of [...this.#connections]) {
      if (!connection.local && cidrContains(range, connection.address)) connection.disconnectBanned(reason);
    }
  }
}
