import { userInfo } from 'node:os';

/** The name that a number is sent under when nobody is signed in: the user of this machine. */
export function userName(): string {
  try {
    return userInfo().username.slice(0, 128) || 'somebody';
  } catch {
    return 'somebody'; // a container's user need not have a name
  }
}
