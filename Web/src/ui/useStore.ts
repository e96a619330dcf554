import { useRef, useSyncExternalStore } from "react";

/** What can be read and listened to. */
export interface Readable<T> {
  readonly get: () => T;
  readonly subscribe: (listener: () => void) => () => void;
}

/** The store's value; renders again when it changes. */
export function useStore<T>(store: Readable<T>): T {
  return useSyncExternalStore(store.subscribe, store.get);
}

/** A part of the store's value; renders again only when that part is another. */
export function useSlice<T, Part>(
  store: Readable<T>, select: (value: T) => Part, same: (a: Part, b: Part) => boolean = Object.is,
): Part {
  const last = useRef<{ value: Part } | null>(null);
  const read = () => {
    const next = select(store.get());
    if (last.current && same(last.current.value, next)) return last.current.value;
    last.current = { value: next };
    return next;
  };
  return useSyncExternalStore(store.subscribe, read);
}
