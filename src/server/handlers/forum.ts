import type { MethodResult } from '../../protocol/methods.ts';
import { DAEMON_OWNER } from '../../room/forum.ts';
import type { HandlerGroup } from '../handler.ts';
import { PreEncodedResult } from '../method-table.ts';
import type { Services } from '../services.ts';

export function forumHandlers({ forum, unread, log }: Services): HandlerGroup<'forum'> {
  /** Topic lists stay the same object until a write; so does their JSON, which may be megabytes. */
  const encoded = new WeakMap<object, PreEncodedResult>();
  const encodeOnce = (topics: MethodResult<'forum.topics'>['topics']): PreEncodedResult => {
    const answer = encoded.get(topics) ?? new PreEncodedResult(JSON.stringify({ topics }));
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
    'forum.markRead': ({ seq, topic }, session) => unread.markRead(session.writer.name, seq, topic, session.signal),
    'forum.revisions': ({ number }, session) =>
      forum.revisions(session.local ? (session.member ?? DAEMON_OWNER) : session.writer, number),
  };
}
