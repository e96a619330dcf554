import { forwardRef, useEffect, useState, type ImgHTMLAttributes, type VideoHTMLAttributes } from "react";
import { mediaTurn, useMedia } from "../api/media";
import { useStore } from "./useStore";
import { Icon, type IconName } from "./Icon";

/** A picture of the gateway's. Where there is none, a drawing of what it would be. */
export function Picture({ address, fallback = "image", alt, ...rest }: { address: string | null; fallback?: IconName } & ImgHTMLAttributes<HTMLImageElement>) {
  const { src, failed } = useMedia(address);
  const [broken, setBroken] = useState<string | null>(null);
  const turn = useStore(mediaTurn);
  useEffect(() => setBroken(null), [address, turn]);
  if (!address || failed || (src && broken === src)) return <span className="picture-none"><Icon name={fallback} size={26} /></span>;
  return src ? <img {...rest} alt={alt ?? ""} src={src} decoding="async" loading="lazy" draggable={false} onError={() => setBroken(src)} /> : <span className="picture-none picture-waits" />;
}

/** A film of the gateway's. */
export const Film = forwardRef<HTMLVideoElement, { address: string | null } & VideoHTMLAttributes<HTMLVideoElement>>(function Film({ address, ...rest }, ref) {
  const { src } = useMedia(address);
  return <video ref={ref} {...rest} src={src ?? undefined} playsInline preload="auto" />;
});
