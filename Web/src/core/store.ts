/** A value that tells its listeners when it changes: what React's useSyncExternalStore reads. */
export class Store<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: T) {}

  /** The value; bound, so that it can be handed on. */
  readonly get = (): T => this.value;

  /** Takes a new value and tells the listeners, unless it is the same. */
  set(value: T): void {
    if (Object.is(value, this.value)) return;
    this.value = value;
    for (const listener of [...this.listeners]) listener();
  }

  /** Changes the value. */
  update(change: (value: T) => T): void {
    this.set(change(this.value));
  }

  /** Calls back at every change until the answer is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}
