/** Typed listeners. One that throws does not keep the frame from the others: its error is thrown on its own later. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(payload: never) => void>>();

  /** Returns the function that takes the listener off again. */
  on<Type extends keyof Events>(type: Type, listener: (payload: Events[Type]) => void): () => void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<Type extends keyof Events>(type: Type, payload: Events[Type]): void {
    for (const listener of this.#listeners.get(type) ?? []) {
      try {
        (listener as (payload: Events[Type]) => void)(payload);
      } catch (cause) {
        queueMicrotask(() => {
          throw cause;
        });
      }
    }
  }
}
