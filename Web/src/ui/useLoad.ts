import { useCallback, useEffect, useRef, useState } from "react";
import { request } from "../api/http";
import type { Page } from "../api/types";

/** What is being read, was read, or could not be. */
export interface Loaded<T> { value: T | null; error: unknown; loading: boolean; reload: () => void; set: (value: T) => void }

/** Reads something when the key changes and when asked; what was read before stays until the new is there. */
export function useLoad<T>(key: string | null, read: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string | null; value: T | null; error: unknown; loading: boolean }>({ key, value: null, error: null, loading: key !== null });
  const [turn, setTurn] = useState(0);
  const latest = useRef(read);
  latest.current = read;
  useEffect(() => {
    if (key === null) return setState({ key, value: null, error: null, loading: false });
    const stop = new AbortController();
    setState((before) => ({ key, value: before.key === key ? before.value : null, error: null, loading: true }));
    latest.current(stop.signal).then(
      (value) => { if (!stop.signal.aborted) setState({ key, value, error: null, loading: false }); },
      (error: unknown) => { if (!stop.signal.aborted) setState((before) => ({ ...before, error, loading: false })); },
    );
    return () => stop.abort();
  }, [key, turn]);
  const reload = useCallback(() => setTurn((value) => value + 1), []);
  const set = useCallback((value: T) => setState((before) => ({ ...before, value, error: null })), []);
  return { value: state.key === key ? state.value : null, error: state.error, loading: state.loading, reload, set };
}

/** A read that takes longer has been lost on its way, as over a sleep: it is begun anew. */
const longest = 30_000;

/** A list that is read page by page. */
export interface Paged<T> { items: T[]; error: unknown; again: () => void; loading: boolean; hasMore: boolean; more: () => void; reload: () => void; change: (change: (items: T[]) => T[]) => void; started: boolean }

/** Reads a list's first page when its address changes, and further ones when asked. */
export function usePaged<T>(url: string | null, query: Record<string, string | number | boolean | null | undefined> = {}, limit = 100): Paged<T> {
  const key = url === null ? null : `${url} ${JSON.stringify(query)}`;
  const [state, setState] = useState<{ key: string | null; items: T[]; cursor: string | null; error: unknown; loading: boolean; started: boolean }>(
    { key, items: [], cursor: null, error: null, loading: key !== null, started: false });
  const [turn, setTurn] = useState(0);
  const busy = useRef<AbortController | null>(null);
  const failed = useRef<(() => void) | null>(null);
  // A list that is told of again and again is read to its end, then once more: begun anew each time it would never come.
  const since = useRef<number | null>(null), isStale = useRef(false);
  // How many are shown of this list.
  const shown = useRef(0);
  shown.current = state.key === key ? state.items.length : 0;
  const fetchPage = useCallback(async (cursor: string | null, replace: boolean): Promise<void> => {
    if (url === null) return;
    busy.current?.abort();
    const stop = new AbortController();
    busy.current = stop;
    isStale.current = !replace && (since.current !== null || isStale.current);
    since.current = replace ? performance.now() : null;
    setState((before) => ({ ...before, loading: true, error: null }));
    try {
      let { value } = await request<Page<T>>("GET", url, { query: { ...query, limit, cursor }, signal: stop.signal });
      // Who has read on is not sent back to the first page.
      while (replace && !stop.signal.aborted && value.nextCursor !== null && value.items.length < shown.current) {
        const next = (await request<Page<T>>("GET", url, { query: { ...query, limit, cursor: value.nextCursor }, signal: stop.signal })).value;
        value = { items: [...value.items, ...next.items], nextCursor: next.nextCursor };
      }
      if (stop.signal.aborted) return;
      setState((before) => ({ key, items: replace ? value.items : [...before.items, ...value.items], cursor: value.nextCursor, error: null, loading: false, started: true }));
      failed.current = null;
    } catch (error) {
      if (stop.signal.aborted) return;
      failed.current = () => { void fetchPage(cursor, replace); };
      setState((before) => ({ ...before, error, loading: false, started: true }));
    } finally {
      if (busy.current === stop) {
        since.current = null;
        if (isStale.current && !stop.signal.aborted) setTurn((value) => value + 1);
      }
    }
  }, [key]);
  useEffect(() => {
    setState((before) => before.key === key ? before : { key, items: [], cursor: null, error: null, loading: key !== null, started: false });
    void fetchPage(null, true);
    return () => busy.current?.abort();
  }, [fetchPage, turn]);
  return {
    items: state.key === key ? state.items : [], error: state.error, loading: state.loading, started: state.started && state.key === key,
    hasMore: state.cursor !== null && state.key === key,
    more: useCallback(() => { if (state.cursor !== null && !state.loading && state.error === null) void fetchPage(state.cursor, false); }, [state.cursor, state.loading, state.error, fetchPage]),
    again: useCallback(() => failed.current?.(), []),
    reload: useCallback(() => { if (since.current !== null && performance.now() - since.current < longest) isStale.current = true; else setTurn((value) => value + 1); }, []),
    change: useCallback((change) => setState((before) => ({ ...before, items: change(before.items) })), []),
  };
}
