import type { State } from '../state.ts';
import { type StyledLine, type StyledSpan, span } from '../styled-text.ts';
import { withCommandOutput } from './command-output.ts';
import { displayText } from './display-text.ts';
import { emptyStateText, firstStepsText, paragraphs } from './empty-state.ts';
import { forumViewport, shownPosts } from './forum-viewport.ts';
import { keyOf } from './key-label.ts';
import { fitSegments, fitToPane } from './line-layout.ts';

/** What is shown, and the unread counts of the rest. */
export function forumTitle(state: State, width: number): StyledLine {
  const { topic, topics, view, anchor } = state.forum;
  const shownTopic = view.kind === 'topic' ? topic : undefined;
  const others = topics
    .filter((each) => each.topic !== shownTopic && each.unread > 0)
    .flatMap((each): StyledSpan[] => [
      span(` #${displayText(each.topic)}`, 'muted'),
      span(` ${each.unread}`, each.mentions > 0 ? 'mention' : 'strong'),
    ]);
  const direct = unreadMessages(state);
  return fitSegments(
    [
      [[span('Forum', 'title')]],
      [[span(viewTitle(state), 'gold')]],
      [direct > 0 ? [span('messages', 'muted'), span(` ${direct}`, 'mention')] : [], []],
      [others.length > 0 ? [span('unread', 'muted'), ...others] : [], []],
      [anchor === null ? [] : [span('scrolled up', 'warn')], []],
    ],
    [3, 4, 2],
    width,
  );
}

/** Direct messages that are not read, of all members. */
export function unreadMessages({ conversations }: Pick<State, 'conversations'>): number {
  return conversations.reduce((sum, { unread }) => sum + unread, 0);
}

function viewTitle({ forum: { topic, view, posts, hasMore } }: State): string {
  switch (view.kind) {
    case 'topic':
      return topic === null ? 'all topics' : `#${displayText(topic)}`;
    case 'thread':
      return `thread of #${view.root}`;
    case 'search':
      return `${posts.length}${hasMore ? '+' : ''} found: ${displayText(view.text)}`;
    case 'direct':
      return `messages with ${displayText(view.member)}`;
  }
}

export function forumLines(state: State, width: number, height: number): StyledLine[] {
  if (width <= 0 || height <= 0) return [];
  const hasPosts = shownPosts(state).length > 0;
  const lines = hasPosts
    ? forumViewport(state, width, height).lines
    : paragraphs(emptyForumText(state), width).slice(0, height);
  return fitToPane(withCommandOutput(lines, state, width, height), state, width, height);
}

/** Says in the lower border what arrived below the screen. */
export function forumFooter({ forum: { newBelow } }: State): StyledLine {
  if (newBelow === 0) return [];
  return [span(`↓ ${newBelow} new`, 'accent'), span(` ${keyOf('newestPost', 'forum')} to read`, 'muted')];
}

/** The rows of the scrollbar that stand for what is visible; undefined if nothing else is loaded. */
export function forumScrollbar(state: State, width: number, rows: number): { top: number; size: number } | undefined {
  if (state.output !== null) return undefined;
  const { first, last, cutTop, cutBottom } = forumViewport(state, width, rows);
  const { hasMore, hasNewer } = state.forum;
  const count = shownPosts(state).length;
  const isWhole = first <= 0 && last === count - 1 && cutTop === 0 && cutBottom === 0;
  if (first < 0 || rows < 3 || (isWhole && !hasMore && !hasNewer)) return undefined;
  const size = Math.min(Math.max(1, Math.round((rows * (last - first + 1)) / count)), rows - 1);
  const isAtEnd = last === count - 1 && cutBottom === 0 && !hasNewer;
  const isAtStart = first === 0 && cutTop === 0 && !hasMore;
  const top = Math.floor(((rows - size) * first) / Math.max(1, first + (count - 1 - last)));
  if (isAtEnd) return { top: rows - size, size };
  if (isAtStart) return { top: 0, size };
  return { top: Math.min(Math.max(hasMore ? 1 : 0, top), rows - size - 1), size };
}

function emptyForumText(state: State): string[] {
  const { topic, isLoaded, view } = state.forum;
  if (!isLoaded) return emptyStateText(state, view.kind === 'direct' ? 'your messages' : 'the forum');
  switch (view.kind) {
    case 'search':
      return [`Nothing found for "${displayText(view.text)}".`, `Press ${keyOf('back', 'panes')} to return.`];
    case 'direct':
      return [`No messages with ${displayText(view.member)} yet.`, 'Type a line to write to them.'];
    case 'thread':
      return ['This thread has no posts.'];
    case 'topic':
      if (topic === null) return firstStepsText(state);
      return [
        `No posts in #${displayText(topic)} yet.`,
        state.member === null ? 'Sign in to write the first one.' : 'Write the first one: MSG Hello',
      ];
  }
}
