declare const SAFE: unique symbol;

/**
 * Text that is safe to show on a terminal: no external control or format characters. Made only by `sanitizeText` and
 * its siblings (from external text), `safeText` and `joinSafe` (from safe parts), and goldctl's own colours and JSON.
 */
export type SafeText = string & { readonly [SAFE]: true };

/** A literal of the source code, such as `'yes' | 'no'`; not `string` or a template of strings. */
type SourceText<T> = T extends string ? (Record<never, never> extends Record<T, 1> ? never : T) : never;
type SafePart<T> = T extends SafeText | number ? T : SourceText<T>;

/** Accepts safe text, numbers, and string literals of the source code. */
export function safeText<const P extends readonly unknown[]>(
  strings: TemplateStringsArray,
  ...parts: { readonly [I in keyof P]: SafePart<P[I]> }
): SafeText {
  let text = strings[0]!;
  for (let i = 0; i < parts.length; i++) text += String(parts[i]) + strings[i + 1]!;
  return text as SafeText;
}

export function joinSafe<const S extends string>(
  parts: readonly (SafeText | number)[],
  separator: S & SourceText<S>,
): SafeText {
  return parts.join(separator) as SafeText;
}

export function repeatSafe(text: SafeText, count: number): SafeText {
  return text.repeat(Math.max(0, count)) as SafeText;
}

export function trimSafeEnd(text: SafeText): SafeText {
  return text.trimEnd() as SafeText;
}

/** A part of a safe text is safe. */
export function sliceSafe(text: SafeText, start: number, end?: number): SafeText {
  return text.slice(start, end) as SafeText;
}

export function splitSafe(text: SafeText, separator: string): SafeText[] {
  return text.split(separator) as SafeText[];
}
