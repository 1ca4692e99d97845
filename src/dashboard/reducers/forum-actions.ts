import type { Step } from '../action.ts';
import { setText } from '../editor.ts';
import { isDeleted } from '../presentation/forum-post.ts';
import { cursorIndex, shownPosts } from '../presentation/forum-viewport.ts';
import type { ForumPost, State } from '../state.ts';
import { step, withNotice } from './step.ts';

/** A press that confirms a deletion must follow within this time. */
const CONFIRMATION_MS = 6000;

function withSelected(state: State, act: (post: ForumPost & { readonly text: string }) => Step): Step {
  const post = shownPosts(state)[cursorIndex(state)];
  if (!post) return step(withNotice(state, 'There is no post here.', 'info'));
  if (post.text === null || isDeleted(post)) return step(withNotice(state, `#${post.number} was deleted.`, 'info'));
  return act({ ...post, text: post.text });
}

function typeLine(state: State, text: string): Step {
  return step({ ...state, focus: 'input', zoomed: null, input: setText(state.input, text), output: null });
}

/** Begins a reply: its number, and the author's name so that they are told. */
export function replyToPost(state: State): Step {
  if (state.forum.view.kind === 'direct') return step({ ...state, focus: 'input', zoomed: null });
  return withSelected(state, ({ number, member }) =>
    typeLine(state, `REPLY #${number} ${member === state.member?.name ? '' : `@${member} `}`),
  );
}

export function editPost(state: State): Step {
  return withSelected(state, (post) => {
    const refusal = changeRefusal(state, post);
    return refusal === undefined
      ? typeLine(state, `EDT #${post.number} ${post.text}`)
      : step(withNotice(state, refusal, 'bad'));
  });
}

/** The first press asks, the second one deletes. */
export function deletePost(state: State): Step {
  return withSelected(state, (post) => {
    const refusal = changeRefusal(state, post);
    if (refusal !== undefined) return step(withNotice(state, refusal, 'bad'));
    const { number } = post;
    const { deletion } = state.forum;
    if (deletion?.number === number && state.now - deletion.at <= CONFIRMATION_MS) {
      return step(
        { ...state, forum: { ...state.forum, deletion: null } },
        { type: 'runCommand', command: { verb: 'delete', number } },
      );
    }
    const asked = { ...state, forum: { ...state.forum, deletion: { number, at: state.now } } };
    return step(withNotice(asked, `Delete #${number}? Press the key again to delete it for everybody.`, 'bad'));
  });
}

export function copyPost(state: State): Step {
  return withSelected(state, ({ number, text }) =>
    step(withNotice(state, `Copied #${number}, if your terminal allows programs to copy.`, 'good'), {
      type: 'copy',
      text,
    }),
  );
}

function changeRefusal({ member, forum }: State, post: ForumPost): string | undefined {
  if (forum.view.kind === 'direct') return 'Direct messages cannot be changed.';
  if (member === null) return 'Sign in to change posts.';
  if (post.member === member.name || member.role !== 'member') return undefined;
  return `#${post.number} is ${post.member}'s: only they or a moderator can change it.`;
}
