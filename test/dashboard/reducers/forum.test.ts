import { expect } from 'chai';
import type { DashboardAction, Effect, KeyPress } from '../../../src/dashboard/action.ts';
import { forumSize } from '../../../src/dashboard/layout.ts';
import { cursorIndex, forumViewport, shownPosts } from '../../../src/dashboard/presentation/forum-viewport.ts';
import { reduce } from '../../../src/dashboard/reducer.ts';
import type { DirectMessage, ForumPost, State } from '../../../src/dashboard/state.ts';
import { busy, NOW, post } from '../presentation/states.ts';

/** A member who reads posts `from` to `to` in the forum pane. */
function reader(from = 1, to = 100, over: Partial<State['forum']> = {}): State {
  const posts = Array.from({ length: to - from + 1 }, (_, i) => post(from + i));
  const state = busy();
  return {
    ...state,
    member: { name: 'Yoda', role: 'member' },
    focus: 'forum',
    forum: { ...state.forum, topics: [], posts, hasMore: false, ...over },
  };
}

function play(state: State, ...actions: DashboardAction[]): { state: State; effects: Effect[] } {
  const effects: Effect[] = [];
  let now = state;
  for (const action of actions) {
    const step = reduce(now, action);
    now = step.state;
    effects.push(...step.effects.filter(({ type }) => type !== 'saveHistory'));
  }
  return { state: now, effects };
}

const keyOf = (name: string): KeyPress =>
  [...name].length === 1 ? { name: name.toLowerCase(), text: name } : { name };
const press = (...names: string[]): DashboardAction[] => names.map((name) => ({ type: 'key', key: keyOf(name) }));

const selected = (state: State): number | undefined => shownPosts(state)[cursorIndex(state)]?.number;

/** The numbers of the posts on the screen. */
function visible(state: State): number[] {
  const { width, height } = forumSize(state);
  const { first, last } = forumViewport(state, width, height);
  return shownPosts(state)
    .slice(first, last + 1)
    .map(({ number }) => number);
}

function message(number: number, over: Partial<DirectMessage> = {}): DirectMessage {
  return { number, from: 'Leia', to: 'Yoda', text: `secret ${number}`, at: NOW, unread: true, seq: number, ...over };
}

describe('the forum: cursor and scrolling', () => {
  it('moves by posts, stays on the screen, and returns to the newest', () => {
    let state = reader();
    expect(selected(state)).to.equal(100);
    for (let number = 99; number >= 60; number--) {
      state = play(state, ...press('k')).state;
      expect(selected(state)).to.equal(number);
      expect(visible(state)).to.include(number);
    }
    for (let number = 61; number <= 70; number++) {
      state = play(state, ...press('j')).state;
      expect(visible(state)).to.include(selected(state)).and.to.include(number);
    }
    expect(selected(play(state, ...press('g')).state)).to.equal(1);
    const end = play(state, ...press('G')).state;
    expect(end.forum).to.include({ cursor: null, anchor: null });
  });

  it('keeps its place when the pane is zoomed, and when the terminal is resized', () => {
    const { state } = play(reader(), ...press('k', 'k', 'k', 'k', 'k', 'k', 'k', 'k', 'k'));
    const lowest = visible(state).at(-1);
    const zoomed = play(state, ...press('z')).state;
    expect(selected(zoomed)).to.equal(91);
    expect(visible(zoomed).at(-1)).to.equal(lowest);
    const narrow = play(zoomed, { type: 'resize', columns: 45, rows: 12 }).state;
    expect(visible(narrow).at(-1)).to.equal(lowest);
    expect(play(narrow, { type: 'resize', columns: 80, rows: 24 }, ...press('z')).state.forum).to.deep.equal(
      state.forum,
    );
  });

  it('keeps the posts in place while new ones arrive below, and counts them', () => {
    const { state } = play(reader(), ...press('k', 'k'));
    const before = visible(state);
    const after = play(state, { type: 'post', post: post(101) }, { type: 'post', post: post(102) }).state;
    expect(visible(after)).to.deep.equal(before);
    expect(selected(after)).to.equal(98);
    expect(after.forum.newBelow).to.equal(2);
    expect(play(after, ...press('G')).state.forum.newBelow).to.equal(0);
    const follows = play(reader(), { type: 'post', post: post(101) }).state;
    expect(visible(follows).at(-1)).to.equal(101);
  });

  it('takes the cursor along when pages are turned', () => {
    const { state } = play(reader(), ...press('pageup', 'pageup'));
    expect(visible(state)).to.include(selected(state));
    expect(selected(state)).to.be.below(100);
    const back = play(state, ...press('pagedown', 'pagedown', 'pagedown')).state;
    expect(back.forum.anchor).to.equal(null);
  });

  it('puts the cursor where it is clicked', () => {
    const state = reader();
    const click = { type: 'click', pane: 'forum', column: 3, width: 50, height: 8 } as const;
    const { state: clicked } = play({ ...state, focus: 'input' }, { ...click, row: 0 });
    expect(selected(clicked)).to.equal(visible(state)[0]);
    expect(clicked.focus).to.equal('forum');
  });
});

describe('the forum: the window of posts', () => {
  const loads = (effects: readonly Effect[]): Effect[] => effects.filter(({ type }) => type === 'loadPosts');

  it('reads older posts without end, and newer ones again on the way back, with a bounded memory', () => {
    // What a daemon with 5,000 posts answers.
    const answer = (effect: Effect | undefined): DashboardAction => {
      if (effect?.type !== 'loadPosts') throw new Error('nothing was requested');
      const { before, after } = effect;
      const [from, to] = after === undefined ? [before! - 100, before! - 1] : [after + 1, after + 100];
      const posts: ForumPost[] = [];
      for (let number = Math.max(1, from); number <= Math.min(5000, to); number++) posts.push(post(number));
      const more = after === undefined ? from > 1 : to < 5000;
      return {
        type: 'posts',
        posts,
        more,
        older: after === undefined,
        ...(after === undefined ? {} : { newer: true }),
      };
    };
    let state = reader(4901, 5000, { hasMore: true });
    while (state.forum.hasMore) {
      const { state: up, effects } = play(state, ...press('g'));
      const first = selected(up);
      state = play(up, answer(loads(effects)[0])).state;
      expect(selected(state), 'the cursor stays').to.equal(first);
      expect(state.forum.posts.length).to.be.at.most(500);
    }
    expect(state.forum.posts[0]?.number).to.equal(1);
    expect(state.forum.hasNewer).to.equal(true);
    // A post that arrives now would leave a gap.
    const arrived = play(state, { type: 'post', post: post(5001) }).state;
    expect(arrived.forum.posts.at(-1)?.number).to.equal(500);
    expect(arrived.forum.newBelow).to.equal(1);
    for (let turn = 0; state.forum.hasNewer; turn++) {
      const { state: down, effects } = play(state, ...press('G'));
      const last = selected(down);
      state = play(down, answer(loads(effects)[0])).state;
      expect(selected(state), 'the cursor stays').to.equal(last);
      expect(turn).to.be.below(60);
    }
    expect(state.forum.posts.at(-1)?.number).to.equal(5000);
    expect(play(state, ...press('G')).state.forum.anchor).to.equal(null);
  });

  it('requests each page once', () => {
    const state = reader(4901, 5000, { hasMore: true });
    const { effects } = play(state, ...press('g', 'k', 'k', 'pageup'));
    expect(loads(effects)).to.deep.equal([{ type: 'loadPosts', before: 4901, topic: null }]);
  });

  it('says that there are older posts where arrivals pushed some out of memory', () => {
    let state = { ...reader(1, 500), focus: 'input' as const } as State;
    state = play(state, { type: 'post', post: post(501) }).state;
    expect(state.forum.posts[0]?.number).to.equal(2);
    expect(state.forum.hasMore).to.equal(true);
  });

  it('keeps the place of a reader when the connection comes back', () => {
    const { state } = play(reader(), ...press('k', 'k', 'k', 'k', 'k', 'k', 'k', 'k', 'k', 'k'));
    const posts = Array.from({ length: 100 }, (_, i) => post(301 + i));
    const back = play(state, { type: 'posts', posts, more: true, older: false }).state;
    expect(visible(back)).to.deep.equal(visible(state));
    expect(back.forum.hasNewer).to.equal(true);
  });
});

describe('the forum: what keys do to the post at the cursor', () => {
  it('begins a reply with its number and author, but not with your own name', () => {
    const { state } = play(reader(), ...press('r'));
    expect(state.input.text).to.equal('REPLY #100 @Leia ');
    expect(state.focus).to.equal('input');
    expect(play(reader(), ...press('k', 'r')).state.input.text).to.equal('REPLY #99 ');
  });

  it('edits and deletes what you may, and says why not', () => {
    const own = play(reader(), ...press('k')).state;
    expect(play(own, ...press('e')).state.input.text).to.equal(`EDT #99 ${own.forum.posts[98]!.text}`);
    const other = play(reader(), ...press('e')).state;
    expect(other.notice?.text).to.equal("#100 is Leia's: only they or a moderator can change it.");
    expect(other.input.text).to.equal('');
    expect(play(reader(), ...press('d', 'd')).effects).to.deep.equal([]);
    const moderator = { ...reader(), member: { name: 'Yoda', role: 'moderator' } as const };
    expect(play(moderator, ...press('e')).state.input.text).to.include('EDT #100 ');
  });

  it('deletes only after the same key is pressed again, on the same post, soon', () => {
    const own = play(reader(), ...press('k')).state;
    const { state: asked, effects } = play(own, ...press('d'));
    expect(effects).to.deep.equal([]);
    expect(asked.notice?.text).to.include('Delete #99?');
    const command = { verb: 'delete', number: 99 };
    expect(play(asked, ...press('d')).effects).to.deep.equal([{ type: 'runCommand', command }]);
    for (const other of ['j', 'k', 'y', 'escape']) {
      expect(play(asked, ...press(other, 'd')).effects, other).to.not.deep.include({ type: 'runCommand', command });
    }
    expect(play(asked, { type: 'tick', now: NOW + 10_000 }, ...press('d')).effects).to.deep.equal([]);
  });

  it('copies the text as it was written, on all its lines', () => {
    const text = `one\nhttps://example.org/${'x'.repeat(200)}`;
    const state = reader(1, 1, { posts: [post(1, { text })] });
    expect(play(state, ...press('y')).effects).to.deep.equal([{ type: 'copy', text }]);
  });

  it('does nothing to a deleted post, or to none', () => {
    const gone = reader(1, 1, { posts: [post(1, { text: null, deletedAt: NOW })] });
    for (const key of ['r', 'e', 'd', 'y']) {
      expect(play(gone, ...press(key)).state.notice?.text, key).to.equal('#1 was deleted.');
      expect(
        play({ ...reader(), forum: { ...reader().forum, posts: [] } }, ...press(key)).state.notice?.text,
      ).to.include('no post');
    }
  });
});

describe('the forum: threads, hits and messages', () => {
  const type = (text: string): DashboardAction[] => [...press('i', ...text), ...press('enter')];

  it('opens the thread of a post, replies into it, and returns to the place', () => {
    const posts = [...reader(1, 20).forum.posts.slice(0, 19), post(20, { replyTo: 7 })];
    const at = reader(1, 20, { posts });
    const { state, effects } = play(at, ...press('enter'));
    const view = { kind: 'thread', root: 7 } as const;
    expect(state.forum.view).to.deep.equal(view);
    expect(effects).to.deep.equal([{ type: 'loadPosts', before: null, topic: null, view }]);
    const loaded = play(state, {
      type: 'posts',
      posts: [post(7), post(20, { replyTo: 7 })],
      more: false,
      older: false,
    });
    const said = play(loaded.state, ...type('MSG me too'));
    expect(said.effects[0]).to.deep.equal({
      type: 'runCommand',
      command: { verb: 'post', text: 'me too', replyTo: 7 },
    });
    expect(play(loaded.state, { type: 'post', post: post(21, { replyTo: 7 }) }).state.forum.posts).to.have.length(3);
    expect(play(loaded.state, { type: 'post', post: post(22) }).state.forum.posts).to.have.length(2);
    const back = play(loaded.state, ...press('escape'));
    expect(back.state.forum.view).to.deep.equal({ kind: 'topic' });
    expect(back.effects).to.deep.equal([{ type: 'loadPosts', before: null, topic: null }]);
    // Somebody who was reading further up returns there.
    const up = play(at, ...press('k', 'k', 'k', 'enter', 'escape'));
    expect(up.effects.at(-1)).to.deep.equal({ type: 'loadPosts', before: null, topic: null, around: 17 });
  });

  it('jumps from a hit of a search to its place in the topic', () => {
    const { state, effects } = play({ ...reader(), focus: 'input' }, ...press(...'FIND so', 'enter'));
    const view = { kind: 'search', text: 'so' } as const;
    expect(effects).to.deep.equal([{ type: 'loadPosts', before: null, topic: null, view }]);
    expect(state.focus).to.equal('forum');
    const hits = play(state, { type: 'posts', posts: [post(3), post(40)], more: false, older: false }).state;
    const jump = play(hits, ...press('k', 'enter'));
    expect(jump.effects).to.deep.equal([{ type: 'loadPosts', before: null, topic: null, around: 3 }]);
    const around = { number: 3, hasNewer: true };
    const posts = Array.from({ length: 53 }, (_, i) => post(i + 1));
    const there = play(jump.state, { type: 'posts', posts, more: false, older: false, around }).state;
    expect(selected(there)).to.equal(3);
    expect(visible(there)).to.include(3);
  });

  it('goes to the post that one replies to, loaded or not', () => {
    const posts = [post(5), post(6, { replyTo: 5 }), post(7, { replyTo: 2 })];
    const state = reader(1, 1, { posts });
    expect(selected(play(state, ...press('k', 'p')).state)).to.equal(5);
    expect(play(state, ...press('p')).effects).to.deep.equal([
      { type: 'loadPosts', before: null, topic: null, around: 2 },
    ]);
    expect(play(state, ...press('k', 'k', 'p')).state.notice?.text).to.equal('#5 is not a reply.');
  });

  it('shows messages with a member as a view: what is typed there goes to them and to nobody else', () => {
    const conversations = [
      { member: 'Han', unread: 0 },
      { member: 'Leia', unread: 2 },
    ];
    const { state, effects } = play({ ...reader(), conversations }, ...press('m'));
    const view = { kind: 'direct', member: 'Leia' } as const;
    expect(effects).to.deep.equal([{ type: 'loadPosts', before: null, topic: null, view }]);
    const said = play(state, ...type('MSG for your eyes'));
    expect(said.effects[0]).to.deep.equal({
      type: 'runCommand',
      command: { verb: 'message', to: 'Leia', text: 'for your eyes' },
    });
    const open = play(state, ...type('MSG #gold for everybody'));
    expect(open.effects[0]).to.deep.include({
      command: { verb: 'post', text: 'for everybody', topic: 'gold' },
    });
    expect(play(state, ...press('m')).state.forum.view).to.deep.equal({ kind: 'direct', member: 'Han' });
    // No post of the forum comes in between.
    expect(play(state, { type: 'post', post: post(900) }).state.forum.posts).to.deep.equal([]);
  });

  it('adds a message to its view and marks it as read, or counts it', () => {
    const state = reader(1, 1, { view: { kind: 'direct', member: 'leia' }, posts: [] });
    const shown = play(state, { type: 'directMessage', message: message(7) });
    expect(shown.state.forum.posts.map(({ text }) => text)).to.deep.equal(['secret 7']);
    expect(shown.effects).to.deep.equal([{ type: 'markMessagesRead', member: 'Leia', number: 7 }]);
    const own = play(shown.state, { type: 'directMessage', message: message(8, { from: 'Yoda', to: 'Leia' }) });
    expect(own.state.forum.posts).to.have.length(2);
    expect(own.effects).to.deep.equal([]);
    const elsewhere = play(
      reader(),
      { type: 'directMessage', message: message(7) },
      { type: 'directMessage', message: message(8) },
    );
    expect(elsewhere.state.conversations).to.deep.equal([{ member: 'Leia', unread: 2 }]);
    expect(elsewhere.state.notice?.text).to.equal('Message from Leia: secret 8');
  });

  it('opens the messages with a member by DM and a name', () => {
    const { state } = play({ ...reader(), focus: 'input' }, ...press(...'DM Han', 'enter'));
    expect(state.forum.view).to.deep.equal({ kind: 'direct', member: 'Han' });
  });
});
