const MAX_WARNINGS = 20;

/**
 * Holds back warnings of Node.js, which it would write onto the screen.
 * @returns a function that reports them, and lets later ones through
 */
export function holdWarnings(): () => void {
  const listeners = process.listeners('warning');
  const held: Error[] = [];
  const hold = (warning: Error): void => {
    if (held.length < MAX_WARNINGS) held.push(warning);
  };
  process.removeAllListeners('warning');
  process.on('warning', hold);
  return () => {
    process.off('warning', hold);
    for (const listener of listeners) process.on('warning', listener);
    for (const warning of held) for (const listener of listeners) listener(warning);
  };
}
