import type { Result } from '../../protocol/methods.ts';
import type { StaleQuote } from '../../room/rates.ts';
import { Encoded, type Handlers } from '../handler.ts';
import type { Services } from '../services.ts';

/** Answers that are kept, at most: one an instrument and spelling. */
const ANSWERS = 2000;

interface Kept {
  readonly answer: Encoded;
  /** An instant: from then on a quote in it is stale. */
  readonly until: number;
}

export function ratesHandlers({ rates, intake, gatherer, view, now }: Services): Handlers<'rates'> {
  // The same few questions come over and over: their answers are kept as text until a rate changes or falls stale.
  const lists = new Map<string | undefined, Kept>();
  const gets = new Map<string, Kept>();
  view.onChange((change) => {
    if (change.type !== 'quote' && change.type !== 'confirmed' && change.type !== 'aliases') return;
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
    return kept && now() < kept.until ? kept.answer : undefined;
  };
  const keep = <Question>(answers: Map<Question, Kept>, question: Question, quotes: StaleQuote[]): Encoded => {
    const answer = new Encoded(JSON.stringify({ quotes }));
    if (answers.size >= ANSWERS) answers.clear();
    answers.set(question, { answer, until: rates.freshUntil(quotes) });
    return answer;
  };

  return {
    'rates.list': ({ market }) => keptOf(lists, market) ?? keep(lists, market, rates.list(market)),
    'rates.get': ({ instrument, in: measure }) => {
      if (measure === undefined) {
        return keptOf(gets, instrument) ?? keep(gets, instrument, rates.get(instrument));
      }
      const quotes = rates.get(instrument);
      return { quotes, converted: rates.convert(quotes, measure) as Result<'rates.get'>['converted'] & object };
    },
    'rates.lookup': async ({ date, instrument }) => ({ quotes: await rates.lookup(date, instrument) }),
    'rates.history': async ({ instrument: name, ...range }) => {
      const instrument = rates.resolve(name);
      const history = await rates.history(instrument, range);
      return { ...history, currency: instrument.currency, unit: instrument.unit };
    },
    'rates.trends': async ({ days = 30 }) => ({ trends: await rates.trends(days) }),
    'rates.providers': () => ({
      providers: gatherer
        .health()
        .map(({ id, state, lastOk, lastError, nextAt }) => ({ id, state, lastOk, lastError, nextAt })),
    }),
    'rates.import': async ({ rows, ...series }) => {
      const { stored, duplicates, refused } = await intake.import(series, rows);
      return { stored, duplicates, refused: [...refused] };
    },
    'rates.export': ({ instrument, ...page }) => rates.exportPage(rates.resolve(instrument), page),
  };
}
