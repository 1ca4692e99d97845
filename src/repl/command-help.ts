import { type SafeText, safeText } from '../domain/safe-text.ts';
import { sanitizeText } from '../domain/text.ts';
import { findShellCommand, RATE_LOOKUP } from './grammar.ts';

/** Examples of each command, and what its one-line help leaves out. */
const COMMAND_DETAILS: Readonly<Record<string, { readonly examples: readonly string[]; readonly notes?: string }>> = {
  '-signup': { examples: ['-signup'], notes: 'The next line is the new name and the password. It is not shown.' },
  '-signin': { examples: ['-signin'], notes: 'The next line is the name and the password. It is not shown.' },
  '-quit': { examples: ['-quit', 'exit'] },
  '-help': { examples: ['-help', '-help MSG'] },
  MARKET: {
    examples: ['MARKET ALL', 'MARKET SJC', 'MARKET SJC IN USD/ozt'],
    notes: 'IN converts prices to a currency, a unit, or both. For the prices of a date: 2021-12-27 SJC',
  },
  CHART: { examples: ['CHART SJC', 'CHART SJC 3m', 'CHART BTC all'] },
  WATCH: { examples: ['WATCH SJC BTC', 'WATCH ALL', 'WATCH OFF'] },
  PROVIDERS: { examples: ['PROVIDERS'] },
  MSG: {
    examples: ['MSG Hello', 'MSG #gold It is up', 'MSG @hans have you seen it?'],
    notes:
      'Without #topic it goes to the lobby, or in the dashboard to the topic that is shown. @name notifies a member.',
  },
  REPLY: { examples: ['REPLY #12 I agree'], notes: 'The reply is in the topic of that message.' },
  EDT: {
    examples: ['EDT #1 Hello again', 'EDT #1 23 Feb 2021 15:00:01 Hello again'],
    notes: 'With a time, the message is changed only if it still has that time.',
  },
  DLT: { examples: ['DLT #1', 'DLT #1 23 Feb 2021 15:00:01'] },
  RDM: { examples: ['RDM', 'RDM 2h', 'RDM 2021-02-23', 'RDM 23 Feb 2021 15:00:00'] },
  FIND: {
    examples: ['FIND vang', 'FIND @hans price'],
    notes: 'Finds messages with all words; ignores case and accents, and the last word may be a prefix.',
  },
  TOPICS: { examples: ['TOPICS'] },
  DM: {
    examples: ['DM hans Hello', 'DM hans', 'DM'],
    notes: 'Without text it shows the conversation, without a name all conversations.',
  },
  ATU: { examples: ['ATU'] },
  UPD: {
    examples: ['UPD yoda lecture1.mp4', 'UPD yoda "my photos"'],
    notes: 'The member is asked first. Tab completes names and paths.',
  },
  ACCEPT: { examples: ['ACCEPT 3', 'ACCEPT 3 ALWAYS 500MB'], notes: 'ALWAYS also accepts later files of the member.' },
  DECLINE: { examples: ['DECLINE 3', 'DECLINE 3 too large'] },
  CANCEL: { examples: ['CANCEL 3'] },
  NOTIFY: { examples: ['NOTIFY'] },
  PUBLISH: {
    examples: ['PUBLISH lecture1.mp4', 'PUBLISH "my lecture.mp4" lecture1.mp4'],
    notes: 'The file stays in place and can be downloaded while you are online.',
  },
  UNPUBLISH: { examples: ['UNPUBLISH lecture1.mp4'] },
  LIST: { examples: ['LIST', 'LIST lecture'] },
  DISCOVER: { examples: ['DISCOVER yoda'] },
  FETCH: {
    examples: ['FETCH lecture1.mp4', 'FETCH lecture1.mp4 @yoda @han'],
    notes: 'Downloads from every member that has the file, or from those that you name.',
  },
  PING: { examples: ['PING yoda'] },
  SUM: { examples: ['SUM 25'], notes: 'The number is 1-100. The daemon adds a number of its own.' },
  OUT: { examples: ['OUT'] },
  HELP: { examples: ['HELP', 'HELP MSG'] },
};

/** The help of one command: usage, description, examples. */
export function commandHelpLines(name: string): SafeText[] {
  const command = findShellCommand(name) ?? RATE_LOOKUP;
  const { examples, notes } = COMMAND_DETAILS[command.name] ?? { examples: [] };
  const [description = ''] = command.help.split(/: (?=[A-Z0-9]|-[a-z])|; also/);
  const usage = `${command.name} ${command.argsHint}`;
  return [
    sanitizeText(usage),
    safeText`  ${sanitizeText(`${description.charAt(0).toUpperCase()}${description.slice(1)}.`)}`,
    ...(notes === undefined ? [] : [safeText`  ${sanitizeText(notes)}`]),
    ...(examples.length === 0 ? [] : [examples.length === 1 ? safeText`Example:` : safeText`Examples:`]),
    ...examples.map((example) => safeText`  ${sanitizeText(example)}`),
  ];
}

/** For the test that compares them with the commands. */
export const EXAMPLES_BY_COMMAND: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(COMMAND_DETAILS).map(([name, { examples }]) => [name, examples]),
);
