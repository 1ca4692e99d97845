const Mocha = require('mocha');

const { EVENT_RUN_END, EVENT_TEST_PENDING, EVENT_TEST_RETRY } = Mocha.Runner.constants;

/** mocha's dots, then retried and skipped tests with reasons, and the count as the last line. */
class Reporter extends Mocha.reporters.Dot {
  constructor(runner, options) {
    super(runner, options); // its summary comes first, because its listeners are registered first
    const notes = [];
    runner.on(EVENT_TEST_RETRY, (test, { message }) => notes.push(`tried again: ${test.fullTitle()} (${message})`));
    runner.on(EVENT_TEST_PENDING, (test) => notes.push(`skipped: ${test.fullTitle()} (${reasonOf(test)})`));
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures, pending } = this.stats;
      const count = `${passes} passed, ${failures} failed, ${pending} skipped`;
      process.stdout.write(`${[...notes, count].join('\n')}\n`);
    });
  }
}

/** The reason that test/skip.ts stored on the test, or on a suite around it. */
function reasonOf(test) {
  for (let at = test; at; at = at.parent) if (at.skipReason) return at.skipReason;
  return 'no reason given';
}

module.exports = Reporter;
