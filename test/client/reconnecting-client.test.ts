import { expect } from 'chai';
import { Client } from '../../src/client/client.ts';
import {
  ReconnectingClient,
  type ReconnectingClientOptions,
  type ReconnectState,
  type ResumeInfo,
} from '../../src/client/reconnecting-client.ts';
import { localTarget, parseTarget } from '../../src/client/target.ts';
import type { AppError } from '../../src/domain/app-error.ts';
import type { HomeDirectory } from '../../src/home-directory.ts';
import type { EventParams } from '../../src/protocol/events.ts';
import { encodeNotification } from '../../src/protocol/jsonrpc.ts';
import { DaemonFixture } from '../daemon-fixture.ts';
import { EXAMPLES } from '../protocol/examples.ts';
import { failure, HELLO, Listener, result } from './listener.ts';
import { TcpProxy } from './tcp-proxy.ts';

const SECRET = 'a secret';

/** A client that records its events, with ways to wait for them. */
class Watched {
  readonly link: ReconnectingClient;
  readonly states: ReconnectState[] = [];
  readonly online: ResumeInfo[] = [];
  readonly signedOut: (AppError | undefined)[] = [];
  readonly refused: AppError[] = [];
  readonly posts: EventParams<'post'>['post'][] = [];
  waiting = 0;
  #wake: (() => void)[] = [];

  constructor(options: ReconnectingClientOptions) {
    const told =
      <T>(take: (value: T) => void) =>
      (value: T) => {
        take(value);
        for (const wake of this.#wake.splice(0)) wake();
      };
    this.link = new ReconnectingClient({
      ...options,
      onState: told((state) => this.states.push(state)),
      onOnline: told((online) => this.online.push(online)),
      onSignedOut: told((why) => this.signedOut.push(why)),
      onSubscriptionRejected: told((why) => this.refused.push(why)),
      onPendingPosts: told((count) => {
        this.waiting = count;
      }),
    });
    this.link.on(
      'post',
      told(({ post }) => this.posts.push(post)),
    );
  }

  get kinds(): string[] {
    return this.states.map(({ kind }) => kind);
  }

  get texts(): (string | null)[] {
    return this.posts.map(({ text }) => text);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#wake.push(resolve));
  }

  /** Resolves at the next state of that kind. */
  async next(kind: ReconnectState['kind']): Promise<void> {
    const { length } = this.states;
    await this.until(() => this.kinds.slice(length).includes(kind));
  }
}

const POST = EXAMPLES['forum.read'].result.posts[0]!;

describe('ReconnectingClient', () => {
  let daemon: DaemonFixture;
  let proxy: TcpProxy;
  let port: number;
  let control: Client;
  const made: Watched[] = [];
  const listeners: Listener[] = [];

  beforeEach(async () => {
    daemon = await DaemonFixture.start({ config: { limits: { signUpsPerHour: 1000, callsBurst: 10_000 } } });
    proxy = new TcpProxy(portOf(daemon));
    port = await proxy.listen();
    control = await daemon.connect();
    await control.signUp({ name: 'owner', password: SECRET });
  });

  afterEach(async () => {
    await Promise.all(made.splice(0).map(({ link }) => link.stop()));
    await Promise.all(listeners.splice(0).map((listener) => listener.stop()));
    await proxy.stop();
    await daemon.stop();
  });

  /** A client through the proxy. */
  async function member(name: string, options: Partial<ReconnectingClientOptions> = {}): Promise<Watched> {
    const target = parseTarget(`tcp://127.0.0.1:${port}`);
    const home = options.home ?? (await daemon.anotherHome());
    const first = await Client.connect({ target, home });
    if (first.name === null) await first.signUp({ name, password: SECRET });
    await first.close();
    return await begun({ target, home, subscription: { forum: true }, random: () => 0, ...options });
  }

  async function begun(options: ReconnectingClientOptions): Promise<Watched> {
    const watched = new Watched(options);
    made.push(watched);
    await watched.link.start();
    return watched;
  }

  /** A client of a scripted daemon. */
  async function scripted(
    answer: ConstructorParameters<typeof Listener>[0],
    home: HomeDirectory,
    options: Partial<ReconnectingClientOptions> = {},
  ): Promise<{ watched: Watched; listener: Listener }> {
    const listener = new Listener(answer);
    listeners.push(listener);
    const target = parseTarget(`tcp://127.0.0.1:${await listener.listen()}`);
    return { watched: await begun({ target, home, random: () => 0, ...options }), listener };
  }

  const post = async (text: string) => (await control.call('forum.post', { text })).post;

  describe('reconnecting', () => {
    it('resumes by token after a restart, and misses and repeats no post', async () => {
      const yoda = await member('yoda');
      expect(yoda.link.state).to.deep.equal({ kind: 'online' });
      await post('before');
      await yoda.until(() => yoda.posts.length === 1);
      const { length } = yoda.states;
      await daemon.restart(async () => {
        await yoda.until(() => yoda.kinds.slice(length).includes('connecting'));
        await yoda.until(() => yoda.link.state.kind === 'offline');
        const refused = await caught(yoda.link.call('rates.list', {}));
        expect(refused.code).to.equal('NO_DAEMON');
      });
      control = await daemon.connect();
      await post('while away');
      await yoda.until(() => yoda.online.length === 2);
      await post('after');
      await yoda.until(() => yoda.posts.length === 3);
      expect(yoda.texts).to.deep.equal(['before', 'while away', 'after']);
      expect(yoda.link.name).to.equal('yoda');
      expect(yoda.online.map(({ resumed: isResumed }) => isResumed)).to.deep.equal([false, true]);
      const offline = yoda.states.flatMap((state) => (state.kind === 'offline' ? [state] : []));
      expect(offline[0]!.reason).to.include('Back in a moment.');
      expect(new Set(offline.map(({ since }) => since)).size).to.equal(1);
      for (const { since, nextTryAt } of offline) expect(nextTryAt).to.be.above(since);
    });

    it('misses and repeats nothing while others post and the connection is cut repeatedly', async () => {
      const yoda = await member('yoda');
      let posting = true;
      const written: string[] = [];
      const others = Promise.all(
        Array.from({ length: 4 }, async (_, who) => {
          for (let turn = 0; posting; turn++) {
            const { text } = await post(`${who}/${turn}`);
            written.push(text!);
          }
        }),
      );
      for (let cut = 1; cut <= 5; cut++) {
        const { length } = yoda.posts;
        await yoda.until(() => yoda.posts.length >= length + 20);
        proxy.cut();
        await yoda.next('offline');
        yoda.link.retryNow();
        await yoda.until(() => yoda.online.length === cut + 1);
      }
      posting = false;
      await others;
      await yoda.until(() => yoda.posts.length >= written.length);
      expect(yoda.texts).to.have.members(written);
      const seqs = yoda.posts.map(({ seq }) => seq);
      expect(seqs).to.deep.equal([...seqs].sort((a, b) => a - b));
    });

    it('receives changes made while it was offline once, in their current state', async () => {
      const yoda = await member('yoda');
      const first = await post('first');
      await yoda.until(() => yoda.posts.length === 1);
      proxy.closed = true;
      proxy.cut();
      await yoda.next('offline');
      await control.call('forum.edit', { number: first.number, text: 'first, once' });
      await control.call('forum.edit', { number: first.number, text: 'first, twice' });
      await post('second');
      await control.call('forum.delete', { number: first.number });
      proxy.closed = false;
      yoda.link.retryNow();
      await yoda.until(() => yoda.posts.length === 3);
      await post('third');
      await yoda.until(() => yoda.posts.length === 4);
      expect(yoda.texts).to.deep.equal(['first', 'second', null, 'third']);
    });

    it('waits longer after every failure, and tries at once on request', async () => {
      const home = await daemon.anotherHome();
      const watched = new Watched({ target: localTarget(home), home, random: () => 1 });
      made.push(watched);
      const waits: number[] = [];
      for (let turn = 0; turn < 4; turn++) {
        if (turn === 0) expect((await watched.link.start()).kind).to.equal('offline');
        else {
          const offline = watched.next('offline');
          watched.link.retryNow();
          await offline;
        }
        const { state } = watched.link;
        if (state.kind !== 'offline') throw new Error(state.kind);
        expect(state.failure.code).to.equal('NO_DAEMON');
        expect(state.reason).to.include('goldctl daemon start');
        waits.push(Math.round((state.nextTryAt - performance.now()) / 250) * 250);
      }
      expect(waits).to.deep.equal([250, 500, 1000, 2000]);
      await watched.link.stop();
      expect(watched.kinds.at(-1)).to.equal('ended');
      watched.link.retryNow();
      expect(watched.link.state.kind).to.equal('ended');
    });

    it('waits as long as the goodbye of the daemon requests', async () => {
      const home = await daemon.anotherHome();
      const { watched, listener } = await scripted(undefined, home);
      const offline = watched.next('offline');
      for (const socket of listener.sockets)
        socket.end(encodeNotification('bye', { status: 405, reason: 'Busy.', retryAfterMs: 60_000 }));
      await offline;
      const { state } = watched.link;
      if (state.kind !== 'offline') throw new Error(state.kind);
      expect(state.nextTryAt - performance.now()).to.be.within(50_000, 61_000);
      expect(state.failure.data.retryAfterMs).to.equal(60_000);
    });

    it('takes over an existing connection', async () => {
      const home = await daemon.anotherHome();
      const target = parseTarget(`tcp://127.0.0.1:${port}`);
      const connected = await Client.connect({ target, home });
      await connected.signUp({ name: 'yoda', password: SECRET });
      const yoda = await begun({
        target,
        home,
        initialClient: connected,
        subscription: { forum: true },
        random: () => 0,
      });
      expect(yoda.kinds).to.deep.equal(['online']);
      proxy.cut();
      await yoda.until(() => yoda.online.length === 2);
      expect(yoda.link.name).to.equal('yoda');
      await yoda.link.stop();
      expect(await caught(connected.call('rates.list', {}))).to.include({ code: 'CONNECTION_ENDED' });
    });

    it('reconnects after quit-all', async () => {
      const yoda = await member('yoda');
      await control.call('admin.quitAll', { reason: 'closing for a moment' });
      await yoda.until(() => yoda.online.length === 2);
      expect(yoda.states.find(({ kind }) => kind === 'offline'))
        .to.have.property('reason')
        .that.includes('closing');
      expect(yoda.link.name).to.equal('yoda');
    });

    it('gives up on a daemon that does not answer', async () => {
      const yoda = await member('yoda', { callTimeoutMs: 300 });
      await yoda.link.watch({ forum: true }); // nothing is pending
      proxy.deaf = true;
      const offline = yoda.next('offline');
      expect(await caught(yoda.link.call('members.active', {}))).to.include({ code: 'TOO_SLOW' });
      await offline;
      proxy.deaf = false;
      await yoda.until(() => yoda.online.length === 2);
    });

    it('detects another journal at the old address', async () => {
      const yoda = await member('yoda');
      await yoda.link.stop();
      const { home } = daemon;
      let seq = 100;
      const { watched, listener } = await scripted(
        (line) =>
          line.method === 'hello'
            ? result(line, { ...HELLO, name: 'yoda', seq })
            : result(line, line.method === 'watch' ? { seq } : { members: [] }),
        home,
        { subscription: { forum: true } },
      );
      await watched.link.call('members.active', {});
      seq = 3;
      for (const socket of listener.sockets) socket.destroy();
      await watched.until(() => watched.online.length === 2);
      await watched.link.call('members.active', {});
      expect(watched.online).to.deep.equal([
        { resumed: false, seq: 100 },
        { resumed: false, seq: 3 },
      ]);
      expect(listener.lines.filter(({ method }) => method === 'watch').map(({ params }) => params)).to.deep.equal([
        { forum: true, sinceSeq: 100 },
        { forum: true, sinceSeq: 3 },
      ]);
    });
  });

  describe('disconnects', () => {
    const ended = async (watched: Watched, reason: string) => {
      await watched.until(() => watched.link.state.kind === 'ended');
      expect(watched.link.state).to.have.property('reason').that.includes(reason);
      expect(watched.kinds).to.deep.equal(['connecting', 'online', 'ended']);
      expect(await caught(watched.link.call('rates.list', {}))).to.include({ code: 'CONNECTION_ENDED' });
      expect(await caught(watched.link.post({ text: 'too late' }))).to.include({ code: 'CONNECTION_ENDED' });
    };

    it('when its member is kicked, and starts again on request', async () => {
      const yoda = await member('yoda');
      await control.call('admin.kick', { name: 'yoda', reason: 'enough for today' });
      await ended(yoda, 'enough for today');
      expect((await yoda.link.start()).kind).to.equal('online');
      expect(yoda.link.name).to.equal('yoda');
    });

    it('when its member is banned; after a start, nobody is signed in', async () => {
      const yoda = await member('yoda');
      await control.call('admin.ban', { name: 'yoda', reason: 'spam' });
      await ended(yoda, 'spam');
      expect((await yoda.link.start()).kind).to.equal('online');
      expect(yoda.link.name).to.equal(null);
      expect(yoda.signedOut.map((why) => why?.code)).to.deep.equal(['NOT_ALLOWED']);
    });

    it('when its member signs in elsewhere', async () => {
      const yoda = await member('yoda');
      const elsewhere = await daemon.connectAfar();
      await elsewhere.signIn({ name: 'yoda', password: SECRET, takeOver: true });
      await ended(yoda, 'Signed in from elsewhere.');
    });

    it('when its session is signed out on another connection', async () => {
      const home = await daemon.anotherHome();
      const yoda = await member('yoda', { home });
      const beside = await Client.connect({ target: yoda.link.target, home });
      await beside.signOut();
      await beside.close();
      await ended(yoda, 'Signed out.');
    });

    it('when the certificate has changed', async () => {
      const home = await daemon.anotherHome();
      const target = parseTarget(`127.0.0.1:${port}`);
      const yoda = await begun({ target, home, random: () => 0 });
      expect(yoda.link.state.kind).to.equal('online');
      const other = await DaemonFixture.start();
      proxy.port = portOf(other);
      try {
        proxy.cut();
        await yoda.until(() => yoda.link.state.kind === 'ended');
        const { state } = yoda.link;
        expect(state.kind === 'ended' && state.failure?.code).to.equal('CERTIFICATE_CHANGED');
      } finally {
        await other.stop();
      }
    });

    it('on stop, in any state', async () => {
      const home = await daemon.anotherHome();
      const target = parseTarget(`tcp://127.0.0.1:${port}`);
      const early = new Watched({ target, home });
      await early.link.stop();
      expect(early.kinds).to.deep.equal([]);
      const started = early.link.start();
      await early.link.stop();
      expect((await started).kind).to.equal('ended');
      expect(early.kinds).to.deep.equal(['connecting', 'ended']);
      expect((await early.link.start()).kind).to.equal('online');
      await early.link.stop();
      await early.link.stop();
      expect(early.kinds.slice(2)).to.deep.equal(['connecting', 'online', 'ended']);
    });
  });

  describe('sign-in', () => {
    it('reports an invalid token, and continues after a new sign-in', async () => {
      const yoda = await member('yoda');
      await post('seen');
      await yoda.until(() => yoda.posts.length === 1);
      proxy.closed = true;
      proxy.cut();
      await yoda.next('offline');
      const waiting = yoda.link.post({ text: 'written offline' });
      const changer = await daemon.connectAfar();
      await changer.signIn({ name: 'yoda', password: SECRET, takeOver: true });
      await changer.call('account.changePassword', { password: SECRET, newPassword: 'another' });
      await changer.close();
      await post('unseen');
      proxy.closed = false;
      yoda.link.retryNow();
      await yoda.until(() => yoda.signedOut.length === 1);
      expect(yoda.signedOut[0]).to.include({ code: 'NOT_SIGNED_IN' });
      expect(yoda.signedOut[0]!.message).to.include('goldctl account signin yoda');
      expect(yoda.link).to.include({ name: null, pendingPosts: 1 });
      expect(yoda.link.state.kind).to.equal('online');
      expect(await caught(yoda.link.post({ text: 'as nobody' }))).to.include({ code: 'NOT_SIGNED_IN' });
      await yoda.link.signIn({ name: 'yoda', password: 'another' });
      expect((await waiting).member).to.equal('yoda');
      await yoda.until(() => yoda.posts.length === 3);
      expect(yoda.texts).to.deep.equal(['seen', 'unseen', 'written offline']);
      expect(yoda.online.map(({ resumed: isResumed }) => isResumed)).to.deep.equal([false, true]);
    });

    it('sends no post under another name than it was written by', async () => {
      const yoda = await member('yoda');
      proxy.closed = true;
      proxy.cut();
      await yoda.next('offline');
      const waiting = caught(yoda.link.post({ text: 'mine' }));
      await yoda.link.call('account.signOut', {}).catch(() => {});
      const credentials = await daemon.connectAfar();
      await credentials.signUp({ name: 'luke', password: SECRET });
      await credentials.close();
      const changer = await daemon.connectAfar();
      await changer.signIn({ name: 'yoda', password: SECRET, takeOver: true });
      await changer.call('account.changePassword', { password: SECRET, newPassword: 'another' });
      await changer.close();
      proxy.closed = false;
      yoda.link.retryNow();
      await yoda.until(() => yoda.signedOut.length === 1);
      await yoda.link.signIn({ name: 'luke', password: SECRET });
      const refused = await waiting;
      expect(refused.code).to.equal('NOT_SIGNED_IN');
      expect(refused.message).to.equal('This was written as yoda, not as luke.');
      expect(yoda.waiting).to.equal(0);
    });

    it('signs up, posts, and signs out, on one connection', async () => {
      const target = parseTarget(`tcp://127.0.0.1:${port}`);
      const watched = await begun({ target, home: await daemon.anotherHome(), subscription: { forum: true } });
      expect(watched.signedOut).to.deep.equal([undefined]);
      expect(watched.online).to.deep.equal([]);
      expect(await caught(watched.link.watch({ rates: true }))).to.include({ code: 'NOT_SIGNED_IN' });
      await watched.link.signUp({ name: 'leia', password: SECRET });
      expect(watched.online).to.have.length(1);
      const written = await watched.link.post({ text: 'hello' });
      await watched.until(() => watched.posts.length === 1);
      expect(watched.posts[0]).to.deep.equal(written);
      await watched.link.signOut();
      expect(watched.signedOut).to.deep.equal([undefined, undefined]);
      expect(watched.link.name).to.equal(null);
      expect(watched.kinds).to.deep.equal(['connecting', 'online']);
    });

    it('reconnects silently when the daemon disconnects anonymous clients', async () => {
      const home = await daemon.anotherHome();
      const { watched, listener } = await scripted(undefined, home);
      await new Promise((resolve) => setTimeout(resolve, 1050)); // a connection of one second counts as successful
      const connecting = watched.next('connecting');
      for (const socket of listener.sockets)
        socket.end(encodeNotification('bye', { status: 408, reason: 'Nobody signed in within the time limit.' }));
      await connecting;
      await watched.until(() => watched.link.state.kind === 'online');
      expect(watched.kinds).to.not.include('offline');
      expect(watched.signedOut).to.deep.equal([undefined]);
    });
  });

  describe('posting', () => {
    it('repeats unacknowledged posts, once, in order, with those written meanwhile', async () => {
      const yoda = await member('yoda');
      proxy.deaf = true; // the daemon processes the post; its reply is lost
      const first = yoda.link.post({ text: 'one' });
      const more = ['two', 'three'].map((text) => yoda.link.post({ text }));
      for (;;) {
        const { posts } = await control.call('forum.read', {});
        if (posts.some(({ text }) => text === 'one')) break;
      }
      proxy.closed = true;
      proxy.cut();
      await yoda.next('offline');
      const offline = yoda.link.post({ text: 'four' });
      expect(yoda.waiting).to.equal(4);
      proxy.closed = proxy.deaf = false;
      yoda.link.retryNow();
      const numbers = (await Promise.all([first, ...more, offline])).map(({ number }) => number);
      expect(numbers).to.deep.equal([1, 2, 3, 4]);
      const { posts } = await control.call('forum.read', {});
      expect(posts.map(({ text }) => text)).to.deep.equal(['one', 'two', 'three', 'four']);
      await yoda.until(() => yoda.posts.length === 4);
      expect(yoda.waiting).to.equal(0);
    });

    it('rejects what the daemon refuses, and continues with the rest', async () => {
      const yoda = await member('yoda');
      const refused = caught(yoda.link.post({ text: 'answer', replyTo: 77 }));
      const taken = yoda.link.post({ text: 'next' });
      expect(await refused).to.include({ code: 'NOT_FOUND' });
      expect((await taken).text).to.equal('next');
      expect(yoda.link.pendingPosts).to.equal(0);
    });

    it('waits after 429 and 503, in order', async () => {
      const answers = [
        [429, 'TOO_MANY_REQUESTS', { retryAfterMs: 30 }],
        [503, 'NOT_AVAILABLE', {}],
        [503, 'STORE_FAILED', {}],
      ] as const;
      let tries = 0;
      const { watched, listener } = await scripted(
        (line) => {
          if (line.method === 'hello') return result(line, { ...HELLO, name: 'yoda' });
          if (line.method === 'watch') return result(line, { seq: 7 });
          const answer = answers[tries++];
          if (answer) return failure(line, answer[0], 'Later.', { reason: answer[1], ...answer[2] });
          return result(line, { post: { ...POST, text: (line.params as { text: string }).text } });
        },
        await daemon.anotherHome(),
      );
      const [one, two] = await Promise.all(['one', 'two'].map((text) => watched.link.post({ text })));
      expect([one!.text, two!.text]).to.deep.equal(['one', 'two']);
      const sent = listener.lines.flatMap(({ method, params }) =>
        method === 'forum.post' ? [params as { text: string; clientId: string }] : [],
      );
      expect(sent.map(({ text }) => text)).to.deep.equal(['one', 'one', 'one', 'one', 'two']);
      expect(new Set(sent.map(({ clientId }) => clientId)).size).to.equal(2);
    });

    it('queues at most a thousand posts, and rejects them on stop', async () => {
      const home = await daemon.anotherHome();
      const watched = new Watched({ target: localTarget(home), home });
      made.push(watched);
      await watched.link.start();
      const outcomes = Array.from({ length: 1001 }, (_, i) => caught(watched.link.post({ text: `${i}` })));
      expect(await outcomes.at(-1)).to.include({ code: 'TOO_MANY_REQUESTS' });
      expect(watched.link.pendingPosts).to.equal(1000);
      await watched.link.stop();
      for (const refused of await Promise.all(outcomes.slice(0, 1000))) {
        expect(refused).to.include({ code: 'CONNECTION_ENDED' });
        expect(refused.message).to.not.include('may have reached the forum');
      }
    });

    it('reports that an unacknowledged post may have been stored', async () => {
      const yoda = await member('yoda');
      proxy.deaf = true;
      const sent = caught(yoda.link.post({ text: 'is it?' }));
      const behind = caught(yoda.link.post({ text: 'never sent' }));
      await yoda.link.stop();
      expect((await sent).message).to.include('may have reached the forum anyway');
      expect((await behind).message).to.not.include('may have reached the forum');
    });
  });

  describe('subscriptions', () => {
    it('receive posts that were dropped while the client was slow, in order, automatically', async function () {
      this.timeout(30_000);
      const slow = await DaemonFixture.start({
        config: { limits: { queueSoftBytes: 20_000, queueHardBytes: 256 * 1024 * 1024, callsBurst: 100_000 } },
      });
      proxy.port = portOf(slow);
      try {
        const writer = await slow.connect();
        await writer.signUp({ name: 'owner', password: SECRET });
        const yoda = await member('yoda');
        let notices = 0;
        yoda.link.on('notice', () => notices++);
        const text = (turn: number) => `${turn} ${'đ'.repeat(4000)}`;
        proxy.hold();
        // More than the sockets in between buffer: then the daemon drops further posts.
        const count = 1500;
        for (let turn = 0; turn < count; turn += 50) {
          const posts = Array.from({ length: 50 }, (_, i) => ({ text: text(turn + i) }));
          await Promise.all(posts.map((params) => writer.call('forum.post', params)));
        }
        proxy.release();
        await yoda.until(() => yoda.posts.length > 10);
        await writer.call('forum.post', { text: 'live' });
        await yoda.until(() => yoda.texts.at(-1) === 'live');
        expect(yoda.posts.map(({ number }) => number)).to.deep.equal(
          Array.from({ length: count + 1 }, (_, i) => i + 1),
        );
        expect(yoda.kinds).to.deep.equal(['connecting', 'online']);
        expect(notices).to.equal(0);
      } finally {
        await slow.stop();
      }
    });

    it('replay posts from the seq of the notice, and deliver no later ones before', async () => {
      const event = (seq: number) => encodeNotification('post', { seq, post: { ...POST, seq } });
      const wanted: unknown[] = [];
      const { watched } = await scripted(
        (line, socket) => {
          if (line.method === 'hello') return result(line, { ...HELLO, name: 'yoda' });
          wanted.push(line.params);
          switch (wanted.length) {
            case 1: // two live ones, then a gap of two, then a live one that must not be delivered yet
              return [
                result(line, { seq: 7 }),
                event(8),
                event(9),
                encodeNotification('notice', { text: 'You fell behind.', resync: 9 }),
                event(12),
              ].join('');
            case 2:
              return `${event(13)}${result(line, { seq: 13 })}`;
            default:
              socket.write([10, 11, 12, 13].map(event).join(''));
              return `${result(line, { seq: 13 })}${event(13)}${event(14)}`;
          }
        },
        await daemon.anotherHome(),
        { subscription: { forum: true, rates: ['SJC'] } },
      );
      await watched.until(() => watched.posts.length >= 7);
      expect(watched.posts.map(({ seq }) => seq)).to.deep.equal([8, 9, 10, 11, 12, 13, 14]);
      expect(wanted).to.deep.equal([
        { forum: true, rates: ['SJC'], sinceSeq: 7 },
        { rates: ['SJC'] },
        { forum: true, rates: ['SJC'], sinceSeq: 9 },
      ]);
    });

    it('can be changed, and are restored after a connection loss', async () => {
      const yoda = await member('yoda', { subscription: { forum: true, members: true } });
      const members: string[] = [];
      const quotes: string[] = [];
      yoda.link.on('member', ({ name }) => members.push(name));
      yoda.link.on('quote', ({ quote }) => quotes.push(quote.instrument));
      await yoda.link.watch({ forum: true, rates: ['vàng sjc'] });
      expect(await caught(yoda.link.watch({ rates: ['SJX'] }))).to.include({ code: 'NOT_FOUND' });
      proxy.cut();
      await yoda.until(() => yoda.online.length === 2);
      await yoda.link.call('members.active', {}); // the daemon has processed the earlier watch
      const guest = await daemon.connectAfar();
      await guest.signUp({ name: 'guest', password: SECRET });
      const row = (sell: number) => [Date.now(), sell - 1, sell] as [number, number, number];
      await control.call('rates.import', { instrument: 'SJC', rows: [row(151e6)] });
      await post('after');
      await yoda.until(() => yoda.posts.length === 1);
      expect(quotes).to.deep.equal(['SJC']);
      expect(members).to.deep.equal([]);
      expect(yoda.refused).to.deep.equal([]);
    });

    it('need no sign-in on the control socket', async () => {
      const home = await daemon.anotherHome();
      const watched = await begun({
        target: localTarget(daemon.home),
        home,
        subscription: { forum: true },
        random: () => 0,
      });
      expect(watched.link.name).to.equal(null);
      expect(watched.signedOut).to.deep.equal([undefined]);
      await post('heard');
      await watched.until(() => watched.posts.length === 1);
      await daemon.restart();
      control = await daemon.connect();
      await watched.until(() => watched.online.length === 2);
      await post('heard again');
      await watched.until(() => watched.posts.length === 2);
    });
  });
});

function portOf(daemon: DaemonFixture): number {
  return Number(daemon.address.split(':').at(-1));
}

async function caught(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise;
  } catch (thrown) {
    return thrown as AppError;
  }
  throw new Error('Expected an error.');
}
