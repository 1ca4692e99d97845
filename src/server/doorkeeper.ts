import { isWithin, parseRange } from '../domain/address.ts';
import type { Change } from '../engine/contract.ts';
import type { Presence } from '../room/presence.ts';
import type { Account } from '../view/accounts.ts';
import type { AddressBan } from '../view/address-bans.ts';
import type { View } from '../view/view.ts';
import type { Rendezvous } from './rendezvous.ts';
import type { Sessions } from './sessions.ts';
import type { Visitor } from './visitor.ts';

/**
 * Ends connections of those who may be here no more. It goes by the journal: so it holds at every daemon of the room,
 * whichever was told of it.
 */
export class Doorkeeper {
  readonly #view: Pick<View, 'onChange'>;
  readonly #presence: Presence<Visitor>;
  readonly #sessions: Sessions;
  readonly #rendezvous: Pick<Rendezvous, 'forgetAddress'>;
  readonly #now: () => number;
  #unsubscribe: (() => void) | undefined;

  constructor(room: {
    view: Pick<View, 'onChange'>;
    presence: Presence<Visitor>;
    sessions: Sessions;
    rendezvous: Pick<Rendezvous, 'forgetAddress'>;
    now: () => number;
  }) {
    this.#view = room.view;
    this.#presence = room.presence;
    this.#sessions = room.sessions;
    this.#rendezvous = room.rendezvous;
    this.#now = room.now;
  }

  start(): void {
    this.#unsubscribe = this.#view.onChange((change, seq) => this.#changed(change, seq));
  }

  stop(): void {
    this.#unsubscribe?.();
  }

  #changed(change: Change, seq: number): void {
    if (change.type === 'account') this.#account(change.account as Account, seq);
    else if (change.type === 'addressBan' && change.ban) this.#keepOut(change.ban as AddressBan);
  }

  #account({ name, tokens, passwordSeq, banned, banReason, banUntil }: Account, seq: number): void {
    if (banned && (banUntil === undefined || banUntil > this.#now())) {
      this.#presence.end(name, banReason ?? 'The owner banned this account.');
      return;
    }
    const isNewPassword = seq === passwordSeq;
    for (const visitor of this.#presence.attendants(name)) {
      // An old client has no token: it stays until the password is another one.
      if (visitor.old ? isNewPassword : !tokens.includes(visitor.session)) {
        if (visitor.leaving) continue;
        this.#presence.leave(name, visitor);
        visitor.end(isNewPassword ? 'The password was changed.' : 'Signed out.', { final: true });
      }
    }
  }

  #keepOut({ range: text, reason, until }: AddressBan): void {
    const range = parseRange(text);
    if (!range || (until !== undefined && until <= this.#now())) return;
    this.#rendezvous.forgetAddress((place) => isWithin(range, place));
    for (const visitor of [...this.#sessions]) {
      if (!visitor.local && isWithin(range, visitor.address)) visitor.keepOut(reason);
    }
  }
}
