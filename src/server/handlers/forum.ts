import { DAEMON_OWNER } from '../../room/forum.ts';
import type { Handlers } from '../handler.ts';
import type { Services } from '../services.ts';

export function forumHandlers({ forum, unread, log }: Services): Handlers<'forum'> {
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
    'forum.read': (reading) => forum.read(reading),
    'forum.search': (search) => forum.search(search),
    'forum.topics': async (_, session) => ({ topics: await unread.topics(session.member?.name) }),
    'forum.markRead': ({ seq, topic }, session) => unread.mark(session.writer.name, seq, topic),
    'forum.revisions': ({ number }, session) =>
      forum.revisions(session.local ? (session.member ?? DAEMON_OWNER) : session.writer, number),
  };
}
