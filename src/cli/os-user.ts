import { userInfo } from 'node:os';

/** The name under which a number is sent without a sign-in. */
export function osUserName(): string {
  try {
    return userInfo().username.slice(0, 128) || 'somebody';
  } catch {
    return 'somebody'; // users in containers may have no name
  }
}
