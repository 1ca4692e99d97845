import type { Command } from '@oclif/core';
import { expect } from 'chai';
import { GoldctlCommandHelp as CommandHelp } from '../../src/cli/help.ts';
import { cliConfig } from '../cli-config.ts';

/** What parsers and generators leave in a text: empty defaults, empty alternatives, doubled dots, placeholders. */
const ARTEFACTS: readonly RegExp[] = [
  /\[default: \]|default: undefined|\[object /,
  /\| ?\]|\[ ?\||\( ?\||\|\s*\)/,
  /\.{4,}|,\.\.\.|…\.\.\.|(?<!\.)\.\.\s|,\s*\]/,
  /<value>|undefined|NaN/,
  /<%|%>/,
  /\[\s*\]|\(\s*\)/,
];
const WIDTH = 80;

describe('the help of every command', () => {
  let commands: Command.Loadable[];
  let helpOf: (command: Command.Loadable) => string;

  before(async () => {
    const config = await cliConfig();
    commands = config.commands;
    helpOf = (command) => {
      const help = new CommandHelp({ ...command, id: command.id.replaceAll(':', ' ') }, config, { maxWidth: WIDTH });
      return help.generate();
    };
  });

  it('has no artefacts of a parser, and fits 80 columns', () => {
    expect(commands).to.have.length.above(50);
    for (const command of commands) {
      const text = helpOf(command);
      for (const artefact of ARTEFACTS) expect(text, `${command.id}: ${text}`).to.not.match(artefact);
      for (const line of text.split('\nEXAMPLES\n')[0]!.split('\n'))
        expect(line.length, `${command.id}: ${line}`).to.be.at.most(WIDTH);
      const usage = /USAGE\n {2}\$ goldctl (.*)/.exec(text)?.[1] ?? '';
      expect(usage, command.id).to.match(new RegExp(`^${command.id.replaceAll(':', ' ')}\\b`));
    }
  });

  it('has a summary in one line, which the description does not repeat', () => {
    for (const command of commands) {
      const [summary = '', ...rest] = (command.description ?? '').split('\n');
      expect(summary, command.id).to.match(/^[a-z].*[^.]$/);
      expect(summary.length, command.id).to.be.at.most(130);
      expect(helpOf(command), command.id).to.not.include(summary.slice(0, 60));
      if (rest.length > 0) expect(rest[0], `${command.id}: a blank line after the summary`).to.equal('');
    }
  });

  it('describes every argument and flag, and gives an example', () => {
    for (const { id, args, flags, examples } of commands) {
      for (const [name, { description }] of [...Object.entries(args), ...Object.entries(flags)])
        expect(description, `${id} ${name}`).to.match(/\S/);
      expect(examples, id).to.have.length.above(0);
    }
  });
});
