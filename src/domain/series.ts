import type { SafeText } from './safe-text.ts';
import { sanitizeText } from './text.ts';
/** Identifies a series of an instrument's prices, each of which replaces the previous one. */
export interface Series {
  readonly provider: string;
  readonly company: string;
  readonly brand: string;
}

export function toSeries({ provider, company, brand }: Series): Series {
  return { provider, company, brand };
}

/** `null`: no series. */
export function isSameSeries(a: Series | null, b: Series | null): boolean {
  if (a === null || b === null) return a === b;
  return a.provider === b.provider && a.company === b.company && a.brand === b.brand;
}

/** `sjc, Hồ Chí Minh`; omits the company if it has the same name as the provider. */
export function formatSeries({ provider, company, brand }: Series): SafeText {
  const isSame = company.toLowerCase() === provider.toLowerCase();
  return sanitizeText([provider, isSame ? '' : company, brand].filter((part) => part !== '').join(', '));
}
