import type { Result } from '../../protocol/methods.ts';
import type { StaleQuote } from '../../room/rates.ts';
import { Encoded, type Handlers } from '../handler.ts';
import type { Services } from '../services.ts';
import type { Session } from '../session.ts';

type ConvertedEach = NonNullable<Result<'rates.list'>['converted']>;

/** Answers that are kept, at most: one an instrument and spelling. */
const ANSWERS = 2000;

/** Changes after which an answer may be another one. */
const PRICE_CHANGES: ReadonlySet<string> = new Set(['quote', 'confirmed', 'quotesHidden', 'aliases']);

/** Who changes stored prices: over the control socket, the owner. */
function authorOf({ member }: Session): string {
  return member?.name ?? 'owner';
}

interface Kept {
  readonly answer: Encoded;
  /** An instant: from then on a quote in it is stale. */
  readonly until: number;
}

export function ratesHandlers({ rates, intake, rateEdits, gatherer, view }: Services): Handlers<'rates'> {
  // The same few questions come over and over: their answers are kept as text until a rate changes or falls stale.
  const lists = new Map<string | undefined, Kept>();
  const gets = new Map<string, Kept>();
  view.onChange((change) => {
    if (!PRICE_CHANGES.has(change.type)) return;
    lists.clear();
    gets.clear();
  });
  let revision = rates.revision;
  const keptOf = <Question>(answers: Map<Question, Kept>, question: Question): Encoded | undefined => {
    if (revision !== rates.revision) {
      lists.clear();
      gets.clear();
      revision = rates.revision;
    }
    const kept = answers.get(question);
    return kept && rates.now < kept.until ? kept.answer : undefined;
  };
  const keep = <Question>(answers: Map<Question, Kept>, question: Question, quotes: StaleQuote[]): Encoded => {
    const answer = new Encoded(JSON.stringify({ quotes }));
    if (answers.size >= ANSWERS) answers.clear();
    answers.set(question, { answer, until: rates.freshUntil(quotes) });
    return answer;
  };

  return {
    'rates.list': ({ market, in: measure }) => {
      if (measure === undefined) return keptOf(lists, market) ?? keep(lists, market, rates.list(market));
      const quotes = rates.list(market);
      return { quotes, converted: rates.convertEach(quotes, measure) as ConvertedEach };
    },
    'rates.get': ({ instrument, in: measure }) => {
      if (measure === undefined) {
        return keptOf(gets, instrument) ?? keep(gets, instrument, rates.get(instrument));
      }
      const quotes = rates.get(instrument);
      return { quotes, converted: rates.convert(quotes, measure) as Result<'rates.get'>['converted'] & object };
    },
    'rates.lookup': async ({ date, instrument, in: measure }) => {
      const found = await rates.lookup(date, instrument);
      if (measure === undefined) return found;
      return { ...found, converted: (await rates.convertOn(date, found.quotes, measure)) as ConvertedEach };
    },
    'rates.history': async ({ instrument: name, ...range }) => {
      const instrument = rates.resolve(name);
      const history = await rates.history(instrument, range);
      return { ...history, currency: instrument.currency, unit: instrument.unit };
    },
    'rates.trends': async ({ days = 30 }) => ({ trends: await rates.trends(days) }),
    'rates.providers': () => ({
      providers: gatherer.health().map(({ id, state, lastOk, lastError, lastErrorAt, nextAt, last }) => {
        return { id, state, lastOk, lastError, nextAt, lastErrorAt, ...(last ? { response: last } : undefined) };
      }),
    }),
    'rates.startImport': async ({ file }, session) => ({ batch: await intake.startImport(file, authorOf(session)) }),
    'rates.import': async ({ rows, batch, replaces, force, ...series }, session) => {
      const number = batch ?? (await intake.startImport(`rates.import of ${series.instrument}`, authorOf(session)));
      const { stored, duplicates, refused } = await intake.import(series, rows, { batch: number, replaces, force });
      return { stored, duplicates, refused: [...refused] };
    },
    'rates.imports': async () => ({ imports: await rateEdits.list() }),
    'rates.undo': async ({ batch, undone = true, reason }, session) => ({
      import: await rateEdits.undo(batch, undone, { by: authorOf(session), reason }),
    }),
    'rates.remove': ({ instrument, dryRun = false, reason, ...range }, session) =>
      rateEdits.remove(rates.resolve(instrument), range, { by: authorOf(session), reason }, dryRun),
    'rates.correct': ({ instrument, reason, ...quote }, session) =>
      rateEdits.correct(rates.resolve(instrument), quote, { by: authorOf(session), reason }),
    'rates.held': () => ({
      held: rateEdits.held().map(({ quote, ...held }) => ({ ...held, quote: rates.mark(quote) })),
    }),
    'rates.decide': async ({ id, accept, reason }, session) => ({
      quote: rates.mark((await rateEdits.decide(id, accept, { by: authorOf(session), reason })).quote),
    }),
    'rates.export': ({ instrument, ...page }, { signal }) =>
      rates.exportPage(rates.resolve(instrument), { ...page, signal }),
  };
}
