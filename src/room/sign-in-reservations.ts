import { AppError } from '../domain/app-error.ts';
import type { EpochMs } from '../domain/time.ts';
import type { Cluster, RemoteDaemon } from './cluster.ts';

export interface Reservation {
  readonly name: string;
  /** Undefined while it has no token. */
  readonly session: string | undefined;
  readonly at: EpochMs;
}

/** Why a member may not sign in: a session, or another sign-in in progress, which has no address. */
export interface SignInConflict {
  readonly name: string;
  readonly address?: string | undefined;
}

/** Lets one of several daemons sign a member in: of two simultaneous requests, the earlier one wins. */
export class SignInReservations {
  readonly #cluster: Cluster;
  readonly #reservations = new Map<string, Set<Reservation>>();

  /** @param findSession a session here that prevents the sign-in */
  constructor(cluster: Cluster, findSession: (request: Reservation) => SignInConflict | undefined) {
    this.#cluster = cluster;
    cluster.handle('claim', (request: Reservation, from) => findSession(request) ?? this.#findEarlier(request, from));
  }

  /** @returns ends the reservation @throws AppError ALREADY_SIGNED_IN */
  async reserve(reservation: Reservation, daemons: readonly RemoteDaemon[]): Promise<() => void> {
    if (daemons.length === 0) return () => {};
    const { name } = reservation;
    const own = this.#reservations.get(name) ?? new Set();
    this.#reservations.set(name, own.add(reservation));
    const end = () => {
      own.delete(reservation);
      if (own.size === 0) this.#reservations.delete(name);
    };
    try {
      const { replies } = await this.#cluster.requestAll('claim', reservation, daemons);
      for (const reply of replies.values()) {
        const conflict = reply as Partial<SignInConflict>;
        if (conflict.name !== undefined) throw signedInError(conflict.name, conflict.address);
      }
      return end;
    } catch (thrown) {
      end();
      throw thrown;
    }
  }

  #findEarlier({ name, session, at }: Reservation, from: string): Partial<SignInConflict> {
    for (const own of this.#reservations.get(name) ?? []) {
      const isEarlier = own.at < at || (own.at === at && this.#cluster.id < from);
      if (isEarlier && (own.session === undefined || own.session !== session)) return { name };
    }
    return {};
  }
}

export function signedInError(name: string, address: string | undefined): AppError {
  return new AppError(
    'ALREADY_SIGNED_IN',
    address === undefined
      ? `${name} is signing in from elsewhere right now.`
      : `${name} is already signed in, from ${address}.`,
    address === undefined ? {} : { data: { address } },
  );
}
