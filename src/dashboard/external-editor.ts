import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../domain/app-error.ts';
import { writePrivateFileAtomic } from '../private-file.ts';

const MAX_FILE_BYTES = 65_536;
const COMMAND_NOT_FOUND = 127;

/**
 * Opens a text in the user's editor, in the foreground of the terminal, and returns what was saved. $VISUAL and $EDITOR may
 * have arguments, as in git.
 * @throws AppError NOT_AVAILABLE if the editor cannot be started or fails; the text is unchanged then
 */
export async function editInTerminal(text: string, env: NodeJS.ProcessEnv): Promise<string> {
  const editor = env.VISUAL?.trim() || env.EDITOR?.trim() || 'vi';
  // Only this user can enter the folder.
  const folder = await mkdtemp(join(tmpdir(), 'goldctl-message-'));
  try {
    const file = join(folder, 'message.txt');
    await writePrivateFileAtomic(file, text === '' ? '' : `${text}\n`);
    const status = await runEditor(editor, file, env);
    if (status === COMMAND_NOT_FOUND) throw unavailable(`The editor "${editor}" was not found. Set EDITOR.`);
    if (status !== 0) throw unavailable(`The editor "${editor}" ended with status ${status}. The text is unchanged.`);
    if ((await stat(file)).size > MAX_FILE_BYTES) throw unavailable('The edited text is too long. It is unchanged.');
    return await readFile(file, 'utf8');
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    const { code = 'unknown error' } = thrown as NodeJS.ErrnoException;
    throw unavailable(`The text cannot be edited in "${editor}" (${code}). It is unchanged.`, thrown);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @returns the exit status; 128 plus the signal is not told apart */
function runEditor(editor: string, file: string, env: NodeJS.ProcessEnv): Promise<number> {
  const isWindows = process.platform === 'win32';
  const child = isWindows
    ? spawn(`${editor} "${file}"`, { stdio: 'inherit', env, shell: true })
    : spawn('/bin/sh', ['-c', `${editor} "$1"`, editor, file], { stdio: 'inherit', env });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve(status ?? 1));
  });
}

function unavailable(message: string, cause?: unknown): AppError {
  return new AppError('NOT_AVAILABLE', message, { cause });
}
