/**
 * Asks, and at once a second time where that fails: a network that changes aborts what is being connected. For what only
 * reads; what somebody gave up is not asked for again.
 */
export async function twice<T>(ask: () => Promise<T>, signal?: AbortSignal | null): Promise<T> {
  try { return await ask(); } catch (error) {
    if (signal?.aborted) throw error;
    return ask();
  }
}
