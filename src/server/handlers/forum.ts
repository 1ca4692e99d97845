import type { Result } from '../../protocol/methods.ts';
import { DAEMON_OWNER } from '../../room/forum.ts';
import { Encoded, type Handlers } from '../handler.ts';
import type { Services } from '../services.ts';

export function forumHandlers({ forum, unread, log }: Services): Handlers<'forum'> {
  /** Lists of topics are kept while nothing is written: so is their text, which may be megabytes. */
  const encoded = new WeakMap<object, Encoded>();
  const encodeOnce = (topics: Result<'forum.topics'>['topics']): Encoded => {
    const answer = encoded.get(topics) ?? new Encoded(JSON.stringify({ topics }));
    encoded.set(topics, answer);
    return answer;
  };

  return {
    'forum.post': async (params, session) => {
      const { author: writer } = session;
      const post = await forum.post(writer, params);
      log.info({ event: 'forum.post', number: post.number, member: writer.name }, 'posted');
      return { post };
    },
    'forum.edit': async ({ number, text }, session) => {
      const post = await forum.edit(session.author, number, text);
      log.info({ event: 'forum.edit', number, member: session.writer.name }, 'edited');
      return { post };
    },
    'forum.delete': async ({ number }, session) => {
      const post = await forum.delete(session.writer, number);
      log.info({ event: 'forum.delete', number, member: session.writer.name }, 'deleted');
      return { post };
    },
    'forum.read': (reading, { signal }) => forum.read({ ...reading, signal }),
    'forum.search': (search, { signal }) => forum.search({ ...search, signal }),
    'forum.topics': async (_, { member, signal }) => encodeOnce(await unread.topics(member?.name, signal)),
    'forum.markRead': ({ seq, topic }, session) => unread.mark(session.writer.name, seq, topic, session.signal),
    'forum.revisions': ({ number }, session) =>
      forum.revisions(session.local ? (session.member ?? DAEMON_OWNER) : session.writer, number),
  };
}
