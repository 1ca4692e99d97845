declare const SAFE: unique symbol;

/**
 * Text that may be shown on a terminal: no control or format character of anybody else is in it. Only `plain` (for text
 * from outside), `safeText` and `joinSafe` (of safe parts), and the colours and JSON of goldctl itself make it.
 */
export type SafeText = string & { readonly [SAFE]: true };

/** A text that stands in the source, as `'yes' | 'no'`: neither any string nor a pattern of strings. */
type Written<T> = T extends string ? (Record<never, never> extends Record<T, 1> ? never : T) : never;
type Part<T> = T extends SafeText | number ? T : Written<T>;

/** A template of safe parts: safe text, numbers, and texts that stand in the source. */
export function safeText<const P extends readonly unknown[]>(
  strings: TemplateStringsArray,
  ...parts: { readonly [I in keyof P]: Part<P[I]> }
): SafeText {
  let text = strings[0]!;
  for (let i = 0; i < parts.length; i++) text += String(parts[i]) + strings[i + 1]!;
  return text as SafeText;
}

/** Safe parts with what stands between them. */
export function joinSafe<const S extends string>(
  parts: readonly (SafeText | number)[],
  separator: S & Written<S>,
): SafeText {
  return parts.join(separator) as SafeText;
}

/** A safe text several times. */
export function repeatSafe(text: SafeText, count: number): SafeText {
  return text.repeat(Math.max(0, count)) as SafeText;
}

/** A safe text without the blanks at its end. */
export function trimSafeEnd(text: SafeText): SafeText {
  return text.trimEnd() as SafeText;
}
