/** The id of the one provider of a demo. Dashboard and tables show it beside every quote. */
export const PROVIDER = 'simulated';
/** Who is said to make the prices. */
export const COMPANY = 'SIMULATED';

/** The demo's provider as config.json has it: by configuration alone, as anybody can add one. */
export function providerConfig(url: string): Record<string, unknown> {
  return {
    name: COMPANY,
    url,
    // Of instruments that nobody knows; the demo's are all in the catalogue, each with its own market.
    market: 'gold',
    every: '2s',
    rows: 'board',
    quote: {
      instrument: 'code',
      company: `'${COMPANY}'`,
      buy: 'buy',
      sell: 'sell',
      currency: 'currency',
      unit: 'unit',
      at: 'since',
    },
  };
}
