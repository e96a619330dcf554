import { useEffect, useState } from "react";

/** Whether the window is at least so wide. */
export function useWidth(least: number): boolean {
  const query = `(min-width: ${least}px)`;
  const [isWide, setWide] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const change = () => setWide(media.matches);
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, [query]);
  return isWide;
}
