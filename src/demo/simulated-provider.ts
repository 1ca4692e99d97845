/** The id of the demo's only provider, shown with every quote. */
export const SIMULATED_PROVIDER_ID = 'simulated';
/** The company of all prices. */
export const SIMULATED_COMPANY = 'SIMULATED';

/** The demo's custom provider as an entry of config.json. */
export function simulatedProviderConfig(url: string): Record<string, unknown> {
  return {
    name: SIMULATED_COMPANY,
    url,
    // The default for unknown instruments; those of the demo are in the catalogue and have their own markets.
    market: 'gold',
    every: '2s',
    rows: 'board',
    quote: {
      instrument: 'code',
      company: `'${SIMULATED_COMPANY}'`,
      buy: 'buy',
      sell: 'sell',
      currency: 'currency',
      unit: 'unit',
      at: 'since',
    },
  };
}
