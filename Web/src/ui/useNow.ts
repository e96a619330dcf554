import { useEffect, useState } from "react";

/** The time, anew every so many milliseconds; stands still where nobody needs it. */
export function useNow(every = 1000, isNeeded = true): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isNeeded) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every, isNeeded]);
  return now;
}
