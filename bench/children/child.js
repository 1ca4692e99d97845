// What every measured process shares: options in, answers out.

const waiting = [];
let take = (message) => waiting.push(message);
process.on('message', (message) => take(message));

/** They come first. On the command line the system would allow too little of them. */
export const options = await new Promise((resolve) => {
  take = (message) => {
    take = (later) => waiting.push(later);
    resolve(message);
  };
});

export function say(message) {
  process.send(message);
}

/** Answers questions of the bench, by name or as `{ ask: NAME, … }`, until it says stop; `answers.stop` tidies up. */
export function answer(answers = {}) {
  take = async (question) => {
    if (question === 'stop') {
      await answers.stop?.();
      process.exit(); // an orderly one: --cpu-prof writes its file
    }
    say(await (typeof question === 'string' ? answers[question]() : answers[question.ask](question)));
  };
  for (const question of waiting.splice(0)) take(question);
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
