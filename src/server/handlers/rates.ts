import type { MethodResult } from '../../protocol/methods.ts';
import type { StaleQuote } from '../../room/rate-queries.ts';
import type { HandlerGroup } from '../handler.ts';
import { PreEncodedResult } from '../method-table.ts';
import type { Services } from '../services.ts';

type ConvertedQuotes = NonNullable<MethodResult<'rates.list'>['converted']>;

/** One answer per instrument and spelling. */
const MAX_CACHED_ANSWERS = 2000;

/** Changes that invalidate cached answers. */
const PRICE_CHANGES: ReadonlySet<string> = new Set(['quote', 'confirmed', 'quotesHidden', 'aliases']);

interface CachedAnswer {
  readonly answer: PreEncodedResult;
  /** When the first quote of the answer becomes stale. */
  readonly staleAt: number;
}

export function ratesHandlers({
  rates,
  intake,
  rateEdits,
  clusterProviderHealth,
  view,
}: Services): HandlerGroup<'rates'> {
  // Clients ask the same few questions repeatedly: answers are cached as text until a rate changes or becomes stale.
  const lists = new Map<string | undefined, CachedAnswer>();
  const gets = new Map<string, CachedAnswer>();
  view.onChange((change) => {
    if (!PRICE_CHANGES.has(change.type)) return;
    lists.clear();
    gets.clear();
  });
  let revision = rates.revision;
  const findCached = <Q>(answers: Map<Q, CachedAnswer>, question: Q): PreEncodedResult | undefined => {
    if (revision !== rates.revision) {
      lists.clear();
      gets.clear();
      revision = rates.revision;
    }
    const cached = answers.get(question);
    return cached && rates.now < cached.staleAt ? cached.answer : undefined;
  };
  const cache = <Q>(answers: Map<Q, CachedAnswer>, question: Q, quotes: StaleQuote[]): PreEncodedResult => {
    const answer = new PreEncodedResult(JSON.stringify({ quotes }));
    if (answers.size >= MAX_CACHED_ANSWERS) answers.clear();
    answers.set(question, { answer, staleAt: rates.freshUntil(quotes) });
    return answer;
  };

  return {
    'rates.list': ({ market, in: priceUnit }) => {
      if (priceUnit === undefined) return findCached(lists, market) ?? cache(lists, market, rates.list(market));
      const quotes = rates.list(market);
      return { quotes, converted: rates.convertEach(quotes, priceUnit) as ConvertedQuotes };
    },
    'rates.get': ({ instrument, in: priceUnit }) => {
      if (priceUnit === undefined) {
        return findCached(gets, instrument) ?? cache(gets, instrument, rates.latestQuotes(instrument));
      }
      const quotes = rates.latestQuotes(instrument);
      return { quotes, converted: rates.convert(quotes, priceUnit) as MethodResult<'rates.get'>['converted'] & object };
    },
    'rates.lookup': async ({ date, instrument, in: priceUnit }) => {
      const found = await rates.quotesOn(date, instrument);
      if (priceUnit === undefined) return found;
      return { ...found, converted: (await rates.convertOn(date, found.quotes, priceUnit)) as ConvertedQuotes };
    },
    'rates.history': async ({ instrument: name, ...range }) => {
      const instrument = rates.resolve(name);
      const history = await rates.history(instrument, range);
      return { ...history, currency: instrument.currency, unit: instrument.unit };
    },
    'rates.trends': async ({ days = 30 }) => ({ trends: await rates.trends(days) }),
    'rates.providers': () => ({
      providers: clusterProviderHealth.health().map(({ id, state, lastOk, lastError, lastErrorAt, nextAt, last }) => {
        return { id, state, lastOk, lastError, nextAt, lastErrorAt, ...(last ? { response: last } : undefined) };
      }),
    }),
    'rates.startImport': async ({ file }, session) => ({ batch: await intake.startImport(file, session.actor) }),
    'rates.import': async ({ rows, batch, replaces, force, ...series }, session) => {
      const number = batch ?? (await intake.startImport(`rates.import of ${series.instrument}`, session.actor));
      const { stored, duplicates, refused } = await intake.importRows(series, rows, { batch: number, replaces, force });
      return { stored, duplicates, refused: [...refused] };
    },
    'rates.imports': async () => ({ imports: await rateEdits.list() }),
    'rates.undo': async ({ batch, undone = true, reason }, session) => ({
      import: await rateEdits.undo(batch, undone, { by: session.actor, reason }),
    }),
    'rates.remove': ({ instrument, dryRun = false, reason, ...range }, session) =>
      rateEdits.remove(rates.resolve(instrument), range, { by: session.actor, reason }, dryRun),
    'rates.correct': ({ instrument, reason, ...quote }, session) =>
      rateEdits.correct(rates.resolve(instrument), quote, { by: session.actor, reason }),
    'rates.held': () => ({
      held: rateEdits.listHeld().map(({ quote, ...held }) => ({ ...held, quote: rates.withStaleness(quote) })),
    }),
    'rates.decide': async ({ id, accept, reason }, session) => ({
      quote: rates.withStaleness((await rateEdits.decide(id, accept, { by: session.actor, reason })).quote),
    }),
    'rates.export': ({ instrument, ...page }, { signal }) =>
      rates.exportPage(rates.resolve(instrument), { ...page, signal }),
  };
}
