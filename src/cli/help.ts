import { type Command, CommandHelp, Help } from '@oclif/core';
import { joinSafe, safeText } from '../domain/safe-text.ts';
import { sanitizeFragment } from '../domain/text.ts';
import { writeText } from '../domain/text-output.ts';

/** The help of one command. oclif's own usage line and argument list have artefacts, such as `[--for TIME | ]`. */
export class GoldctlCommandHelp extends CommandHelp {
  /** Without the first line, which stands above the usage as the summary. */
  protected override description(): string | undefined {
    const [, ...rest] = (this.command.description ?? '').split('\n');
    const text = rest.join('\n').trim();
    return text === '' ? undefined : this.wrap(text);
  }

  /** `goldctl rates correct INSTRUMENT... --at TIME [flags]` */
  protected override defaultUsage(): string {
    const args = Object.values(this.command.args ?? {});
    const flags = Object.values(this.command.flags ?? {}).filter(({ hidden }) => !hidden);
    return [
      '<%= command.id %>',
      ...args.map((arg, i) => this.#argLabel(arg, i === args.length - 1)),
      ...flags.flatMap((flag) => (flag.required ? `--${flag.name} ${valueLabel(flag)}` : [])),
      ...(flags.some(({ required }) => !required) ? ['[flags]'] : []),
    ].join(' ');
  }

  protected override args(args: Command.Arg.Any[]): [string, string | undefined][] | undefined {
    const rows = super.args(args);
    return rows?.map(([, description], i) => [this.#argLabel(args[i]!, i === args.length - 1), description]);
  }

  protected override flags(flags: Command.Flag.Any[]): [string, string | undefined][] | undefined {
    return super.flags(
      flags.map((flag) =>
        flag.type === 'option' && !flag.options
          ? { ...flag, helpValue: valueLabel(flag).replace(/[.,…]+$/, '') }
          : flag,
      ),
    );
  }

  /** Only the last argument can take several words. */
  #argLabel({ name, required }: Command.Arg.Any, isLast: boolean): string {
    const label = `${name.toUpperCase()}${isLast && this.command.strict === false ? '...' : ''}`;
    return required ? label : `[${label}]`;
  }
}

function valueLabel(flag: Command.Flag.Any): string {
  if (flag.type === 'boolean') return '';
  return flag.helpValue === undefined ? flag.name.toUpperCase() : [flag.helpValue].flat().join(' ');
}

/** The help that `goldctl help` and `--help` show. */
export default class GoldctlHelp extends Help {
  protected override CommandHelpClass = GoldctlCommandHelp;

  /** Wraps the summary, which oclif prints as one line. Everything else is wrapped already. */
  protected override log(...texts: string[]): void {
    for (const text of texts) {
      const lines = text.replace(/^\S.*$/gm, (line) => this.#fit(line)).split('\n');
      writeText(process.stdout, safeText`${joinSafe(lines.map(sanitizeFragment), '\n')}\n`);
    }
  }

  #fit(line: string): string {
    return line.length > this.opts.maxWidth ? this.wrap(line, 0) : line;
  }
}
