// What every measured process shares: options in, answers out.

export const options = JSON.parse(process.argv[2] ?? '{}');

export function say(message) {
  process.send(message);
}

/** Answers questions of the bench, by name or as `{ ask: NAME, … }`, until it says stop; `answers.stop` tidies up. */
export function answer(answers = {}) {
  process.on('message', async (question) => {
    if (question === 'stop') {
      await answers.stop?.();
      process.exit(); // an orderly one: --cpu-prof writes its file
    }
    say(await (typeof question === 'string' ? answers[question]() : answers[question.ask](question)));
  });
  process.on('disconnect', () => process.exit(1));
}

/** `rss` is without garbage where node runs with --expose-gc. */
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
