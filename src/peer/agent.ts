import { setMaxListeners } from 'node:events';
import { Failure } from '../domain/failure.ts';
import type { Place } from '../protocol/datagram.ts';
import { Endpoint } from './endpoint.ts';
import { Fetching } from './fetching.ts';
import { type Identity, loadIdentity } from './identity.ts';
import type { Introduction } from './introduction.ts';
import { Introductions } from './introductions.ts';
import type { Answers, Job, PeerCalls, PeerEvents, PeerSettings, Reachable, Share } from './ipc.ts';
import { Library } from './library.ts';
import { readOpening, refuse } from './opening.ts';
import { Part } from './part.ts';
import { Gate } from './patience.ts';
import { PlainFetching } from './plain-fetching.ts';
import { ProbeBudget } from './probe-budget.ts';
import { Receiving } from './receiving.ts';
import { Sending } from './sending.ts';
import { Serving } from './serving.ts';
import { Slots } from './slots.ts';
import { Transfers } from './transfers.ts';
import { Trust } from './trust.ts';
import { Wire } from './wire.ts';

export interface AgentOptions {
  /** Asks the daemon for a way to a member. */
  readonly introduce: (member: string, key?: string) => Promise<Introduction>;
  /** Tells the daemon of a share that changed or is new. */
  readonly list: (share: Share) => Promise<void>;
  readonly tell: <E extends keyof PeerEvents>(event: E, params: PeerEvents[E]) => void;
}

interface Parts {
  readonly settings: PeerSettings;
  readonly identity: Identity;
  readonly library: Library;
  readonly trust: Trust;
  readonly introductions: Introductions;
  readonly transfers: Transfers;
  readonly serving: Serving;
  readonly sending: Sending;
  readonly receiving: Receiving;
  readonly fetching: Fetching;
  readonly plainFetching: PlainFetching;
}

/** One peer: what is published from here, what goes and what comes, and the ways to others. */
export class Agent {
  /** How it answers the client that it works for. */
  readonly answers: Answers<Omit<PeerCalls, 'stop'>>;
  readonly #options: AgentOptions;
  readonly #stopping = new AbortController();
  readonly #gate = new Gate();
  readonly #budget = new ProbeBudget();
  /** The last one is the one of now: the others are where the daemon was before, and carry what they carry. */
  readonly #endpoints: { readonly endpoint: Endpoint; readonly daemon: Place }[] = [];
  #parts: Parts | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    setMaxListeners(0, this.#stopping.signal); // every channel that is being made listens
    this.answers = {
      start: (settings) => this.#start(settings),
      online: ({ daemon }) => this.#online(daemon),
      registered: async () => {
        this.#gate.open();
        this.#get.sending.hurry();
        this.#get.fetching.hurry();
        return null;
      },
      introduced: async (introduction) => {
        void this.#introduced(introduction);
        return null;
      },
      publish: ({ path, name, description, task }) =>
        this.#get.library.publish(path, {
          ...(name === undefined ? {} : { name }),
          ...(description === undefined ? {} : { description }),
          onProgress: (done, size) => options.tell('hashing', { task, done, size }),
        }),
      unpublish: async ({ name }) => {
        await this.#get.library.remove(name);
        return null;
      },
      fetch: async (wanted) => this.#get.fetching.fetch(wanted),
      fetchPlain: async (wanted) => this.#get.plainFetching.fetch(wanted),
      send: (wanted) => this.#get.sending.send(wanted),
      accept: async ({ id, to, always }) => {
        await this.#get.receiving.accept(id, to, always);
        return null;
      },
      decline: async ({ id, reason }) => {
        this.#get.receiving.decline(id, reason);
        return null;
      },
      cancel: async ({ id }) => {
        await this.#cancel(id);
        return null;
      },
      allow: async ({ member, bytes }) => {
        await this.#get.trust.allow(member, bytes);
        return null;
      },
      trust: async ({ member, key }) => {
        await this.#get.trust.trust(member, key);
        this.#get.sending.hurry();
        this.#get.fetching.hurry();
        return null;
      },
    };
  }

  /** Ends what is under way so that it can be gone on with. */
  async stop(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort(new Failure('CONNECTION_ENDED', 'The process that carries files ends.'));
    const parts = this.#parts;
    if (!parts) return;
    parts.transfers.stop();
    parts.library.stop();
    parts.serving.stop();
    parts.sending.stop();
    await Promise.all([parts.receiving.stop(), parts.fetching.stop(), parts.plainFetching.stop()]);
    await Promise.all(this.#endpoints.map(({ endpoint }) => endpoint.stop()));
  }

  async #start(settings: PeerSettings): Promise<Reachable> {
    const { tell, introduce, list } = this.#options;
    const onNotice = (text: string) => tell('notice', text);
    const identity = await loadIdentity(settings.peerFile);
    const trust = new Trust(settings.peersFile, settings.server, (member, key) =>
      onNotice(`${member} is met for the first time. His fingerprint is sha256:${key}.`),
    );
    const library = new Library({
      file: settings.sharesFile,
      onChanged: (share) => void list(share).catch((thrown) => onNotice(Failure.from(thrown).message)),
      onNotice,
    });
    const transfers = new Transfers({
      nextId: settings.nextId,
      onChange: (transfer) => tell('transfer', transfer),
      onJob: (id, job) => tell('job', { id, job }),
    });
    const introductions = new Introductions({
      trust,
      endpoint: () => this.#endpoints.at(-1)!.endpoint,
      introduce,
      onNotice,
    });
    const slots = new Slots();
    const { downloads, partStates, asksUser } = settings;
    const folders = { downloads, partStates };
    const shared = { introductions, transfers, gate: this.#gate, onNotice };
    this.#parts = {
      settings,
      identity,
      library,
      trust,
      introductions,
      transfers,
      serving: new Serving({ library, slots, transfers }),
      sending: new Sending({ ...shared, slots }),
      receiving: new Receiving({ ...folders, transfers, trust, asksUser, onOffer: (offer) => tell('offer', offer) }),
      fetching: new Fetching({ ...shared, ...folders, library, list }),
      plainFetching: new PlainFetching({ ...folders, transfers }),
    };
    await this.#bind(settings.daemon, settings.port);
    library.start();
    void Part.sweep(partStates).catch(() => {}); // what cannot be removed is only in nobody's way
    for (const job of settings.jobs) this.#resume(job);
    return this.#reachable();
  }

  async #bind(daemon: Place, port: number): Promise<void> {
    const { identity, settings } = this.#get;
    const { silenceMs } = settings;
    const endpoint = new Endpoint({
      identity,
      port,
      daemon,
      budget: this.#budget,
      ...(silenceMs === undefined ? {} : { silenceMs }),
    });
    await endpoint.start();
    this.#endpoints.push({ endpoint, daemon });
  }

  async #online(daemon: Place): Promise<Reachable> {
    const { daemon: before } = this.#endpoints.at(-1)!;
    if (before.address !== daemon.address || before.port !== daemon.port) await this.#bind(daemon, 0);
    return this.#reachable();
  }

  #reachable(): Reachable {
    const { endpoint } = this.#endpoints.at(-1)!;
    return { port: endpoint.port, key: this.#get.identity.fingerprint, local: endpoint.local() };
  }

  #resume(job: Job): void {
    const { sending, receiving, fetching } = this.#get;
    if (job.kind === 'send') void sending.resume(job);
    else if (job.kind === 'fetch') fetching.resume(job);
    else receiving.resume(job);
  }

  /** A member wants something. Whatever goes wrong before he has said what shows at his side. */
  async #introduced(introduction: Introduction): Promise<void> {
    const { introductions, serving, receiving } = this.#get;
    let release: (() => void) | undefined;
    try {
      const met = await introductions.met(introduction, this.#stopping.signal);
      release = met.release;
      const wire = new Wire(met.channel);
      void wire.ended.then(met.release);
      if (!(await this.#knows(wire))) return;
      const opening = await readOpening(wire);
      if (opening.kind === 'want') await serving.serve(opening, wire);
      else await receiving.offered(opening, wire);
    } catch (thrown) {
      release?.();
      const failure = Failure.from(thrown);
      if (failure.code !== 'INTERNAL') return;
      const why = failure.cause instanceof Error ? failure.cause.message : String(failure.cause);
      this.#options.tell('notice', `What ${introduction.member} wanted could not be done: ${why}`);
    }
  }

  /** Whether a member shows the key that is known here; where not, he is told before he has said anything. */
  async #knows(wire: Wire): Promise<boolean> {
    try {
      await this.#get.introductions.check(wire.channel);
      return true;
    } catch (thrown) {
      const { code, message } = Failure.from(thrown);
      const { key } = wire.channel;
      const said =
        code === 'NOT_ALLOWED'
          ? new Failure(
              code,
              `Another key of yours is known there, and not sha256:${key}: you may be on another machine than before. Ask the other side to trust it (\`goldctl files trust\`), then try again.`,
            )
          : new Failure('NOT_AVAILABLE', 'The other side cannot look up whom it knows. Try again later.');
      await refuse(wire, said);
      if (code !== 'NOT_ALLOWED') this.#options.tell('notice', message);
      return false;
    }
  }

  async #cancel(id: number): Promise<void> {
    const { serving, sending, receiving, fetching, plainFetching } = this.#get;
    if (serving.cancel(id) || sending.cancel(id)) return;
    if ((await receiving.cancel(id)) || (await fetching.cancel(id)) || (await plainFetching.cancel(id))) return;
    throw new Failure('NOT_FOUND', `There is no transfer ${id} under way.`, { data: { id } });
  }

  get #get(): Parts {
    if (!this.#parts) throw new Failure('NOT_AVAILABLE', 'The process that carries files has not started yet.');
    return this.#parts;
  }
}
