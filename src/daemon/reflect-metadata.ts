/**
 * The three functions of the Reflect metadata proposal that the injection container inside @peculiar/x509 calls.
 * The library leaves the choice of a polyfill to the program; one that is there already stays.
 */
type Metadata = Map<unknown, unknown>;

interface ReflectMetadata {
  getMetadata?: (key: unknown, target: object) => unknown;
  getOwnMetadata?: (key: unknown, target: object) => unknown;
  defineMetadata?: (key: unknown, value: unknown, target: object) => void;
}

/** Adds them to the global Reflect. Call it before @peculiar/x509 is loaded. */
export function provideReflectMetadata(): void {
  const reflect = Reflect as ReflectMetadata;
  if (reflect.getMetadata) return;
  const kept = new WeakMap<object, Metadata>();
  const own = (key: unknown, target: object) => kept.get(target)?.get(key);
  reflect.getOwnMetadata = own;
  reflect.getMetadata = (key, target) => {
    for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
      if (kept.get(at)?.has(key)) return own(key, at);
    }
    return undefined;
  };
  reflect.defineMetadata = (key, value, target) => {
    kept.set(target, (kept.get(target) ?? new Map()).set(key, value));
  };
}
