// Shared by all measured processes: options in, results out.

const waiting = [];
let take = (message) => waiting.push(message);
process.on('message', (message) => take(message));

/** Options arrive as a message, because the system limits the length of a command line. */
export const options = await new Promise((resolve) => {
  take = (message) => {
    take = (later) => waiting.push(later);
    resolve(message);
  };
});

export function say(message) {
  process.send(message);
}

/** Answers requests of the bench, by name or as `{ ask: NAME, … }`, until it sends stop; `answers.stop` cleans up. */
export function answer(answers = {}) {
  take = async (question) => {
    if (question === 'stop') {
      await answers.stop?.();
      process.exit(); // a clean exit, so that --cpu-prof writes its file
    }
    say(await (typeof question === 'string' ? answers[question]() : answers[question.ask](question)));
  };
  for (const question of waiting.splice(0)) take(question);
  process.on('disconnect', () => process.exit(1));
}

/** `rss` excludes garbage if node runs with --expose-gc. */
export function usage() {
  globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  return {
    rss: process.memoryUsage.rss(),
    peak: process.resourceUsage().maxRSS * 1024,
    cpuMs: (user + system) / 1000,
  };
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
