import type { HandlerGroup } from '../handler.ts';
import type { Services } from '../services.ts';

export function messagesHandlers({ messages, log }: Services): HandlerGroup<'messages'> {
  return {
    'messages.send': async (params, session) => {
      const { name, address } = session.author;
      const message = await messages.send(name, params, address);
      // The log does not name the recipient: that is private to the two members.
      log.info({ event: 'messages.send', number: message.number, member: name }, 'sent');
      return { message };
    },
    'messages.read': (reading, session) => messages.read(session.writer.name, { ...reading, signal: session.signal }),
    'messages.conversations': async (_, session) => ({
      conversations: await messages.conversations(session.writer.name, session.signal),
    }),
    'messages.markRead': ({ with: other, number }, session) => messages.markRead(session.writer.name, other, number),
  };
}
