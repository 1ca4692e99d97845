import { AppError } from '../domain/app-error.ts';
import type { ConnectionOffer } from './connection-offer.ts';
import type { PeerChannel } from './peer-channel.ts';
import type { PeerTransport } from './peer-transport.ts';
import type { TrustStore } from './trust-store.ts';

const MAX_INCOMING = 64;
/** So that one member cannot use up all incoming channels. */
const MAX_INCOMING_PER_MEMBER = 16;
/** Minimum interval between notices about one refused key. */
const NOTICE_INTERVAL_MS = 60_000;
const MAX_NOTICE_ENTRIES = 100;

export interface PeerConnectorOptions {
  readonly trustStore: TrustStore;
  /** The current transport, which changes with the daemon's address. */
  readonly transport: () => PeerTransport;
  /** Asks the daemon to connect us to a member. */
  readonly introduce: (member: string, key?: string) => Promise<ConnectionOffer>;
  readonly onNotice: (text: string) => void;
}

/** Opens channels to members and verifies their keys; limits the channels that others open. */
export class PeerConnector {
  readonly #options: PeerConnectorOptions;
  readonly #incomingByMember = new Map<string, number>();
  readonly #lastNoticeAt = new Map<string, number>();
  #incomingCount = 0;

  constructor(options: PeerConnectorOptions) {
    this.#options = options;
  }

  /**
   * Opens a channel to a member; this side sends the first message.
   * @param key undefined to accept whichever key they are online with
   * @throws AppError NOT_FOUND when they are offline; NOT_AVAILABLE when there is no path to them or they do not accept
   * files; NOT_ALLOWED when their key differs from the known one; the signal's reason
   */
  async dial(member: string, key: string | undefined, signal: AbortSignal): Promise<PeerChannel> {
    const offer = await this.#options.introduce(member, key);
    signal.throwIfAborted();
    if (key !== undefined && offer.key !== key) {
      throw new AppError('NOT_ALLOWED', `The daemon returned a different key for ${member} than the requested one.`);
    }
    await this.verifyKey(offer);
    return this.#options.transport().connect(offer, signal);
  }

  /**
   * Opens a channel that a member requested. The caller verifies the key, so that a refusal can be sent, and calls
   * `release` when the channel has ended.
   * @throws AppError TOO_MANY_REQUESTS; NOT_AVAILABLE when there is no path to them
   */
  async accept(offer: ConnectionOffer, signal: AbortSignal): Promise<{ peer: PeerChannel; release: () => void }> {
    const { member } = offer;
    const count = this.#incomingByMember.get(member) ?? 0;
    if (this.#incomingCount >= MAX_INCOMING || count >= MAX_INCOMING_PER_MEMBER) {
      throw new AppError('TOO_MANY_REQUESTS', 'Too many channels are open already. Try again later.');
    }
    this.#incomingCount += 1;
    this.#incomingByMember.set(member, count + 1);
    let isReleased = false;
    const release = () => {
      if (isReleased) return;
      isReleased = true;
      this.#incomingCount -= 1;
      const left = this.#incomingByMember.get(member)! - 1;
      if (left > 0) this.#incomingByMember.set(member, left);
      else this.#incomingByMember.delete(member);
    };
    try {
      return { peer: await this.#options.transport().connect(offer, signal), release };
    } catch (thrown) {
      release();
      throw thrown;
    }
  }

  /** @throws AppError NOT_ALLOWED when the member's key differs from the known one */
  async verifyKey({ member, key }: Pick<ConnectionOffer, 'member' | 'key'>): Promise<void> {
    try {
      await this.#options.trustStore.verifyKey(member, key);
    } catch (thrown) {
      const error = AppError.from(thrown);
      if (error.code === 'NOT_ALLOWED') this.#notifyRejectedKey(`${member} ${key}`, error.message);
      throw error;
    }
  }

  #notifyRejectedKey(memberAndKey: string, text: string): void {
    const now = performance.now();
    const notices = this.#lastNoticeAt;
    const last = notices.get(memberAndKey);
    if (last !== undefined && now - last < NOTICE_INTERVAL_MS) return;
    notices.delete(memberAndKey);
    notices.set(memberAndKey, now);
    if (notices.size > MAX_NOTICE_ENTRIES) notices.delete(notices.keys().next().value!);
    this.#options.onNotice(text);
  }
}
