import { plain } from './fold.ts';
import type { SafeText } from './safe-text.ts';
/** A series of an instrument: prices of one provider, company and branch, which replace one another. */
export interface Series {
  readonly provider: string;
  readonly company: string;
  readonly brand: string;
}

export function seriesOf({ provider, company, brand }: Series): Series {
  return { provider, company, brand };
}

/** `null`: no series is named. */
export function sameSeries(a: Series | null, b: Series | null): boolean {
  if (a === null || b === null) return a === b;
  return a.provider === b.provider && a.company === b.company && a.brand === b.brand;
}

/** Names a series for people: `sjc, Hồ Chí Minh`; the company only where it is not called as its provider is. */
export function seriesName({ provider, company, brand }: Series): SafeText {
  const isSame = company.toLowerCase() === provider.toLowerCase();
  return plain([provider, isSame ? '' : company, brand].filter((part) => part !== '').join(', '));
}
