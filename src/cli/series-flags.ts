import { Flags } from '@oclif/core';

/** Flags that choose a series of an instrument. */
export const seriesFlags = {
  provider: Flags.string({ description: 'the series of this provider', helpValue: 'ID' }),
  company: Flags.string({ description: 'the series of this company', helpValue: 'NAME' }),
  brand: Flags.string({ description: 'the series of this branch or kind', helpValue: 'NAME' }),
};

/** What the flags choose, without what they leave out. */
export function seriesChoice({
  provider,
  company,
  brand,
}: {
  provider?: string | undefined;
  company?: string | undefined;
  brand?: string | undefined;
}): { provider?: string; company?: string; brand?: string } {
  return {
    ...(provider === undefined ? undefined : { provider }),
    ...(company === undefined ? undefined : { company }),
    ...(brand === undefined ? undefined : { brand }),
  };
}
