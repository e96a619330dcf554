import { t } from "../strings";

const star = "M12 3.2l2.7 5.6 6.1.8-4.5 4.2 1.2 6.1L12 16.9l-5.5 3 1.2-6.1L3.2 9.6l6.1-.8z";

function Star({ isFull, size }: { isFull: boolean; size: number }) {
  return <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" className={isFull ? "star star-full" : "star"}><path d={star} fill={isFull ? "currentColor" : "none"} stroke="currentColor" strokeWidth="1.6" strokeLinejoin="round" /></svg>;
}

/** Stars that are looked at. */
export function Stars({ value }: { value: number }) {
  if (value === 0) return null;
  return <span className="stars" role="img" aria-label={t.takes.stars(value)}>{Array.from({ length: value }, (_, index) => <Star key={index} isFull size={12} />)}</span>;
}

/** Stars that are given; the same once more takes them away. */
export function Rating({ value, disabled, onChange }: { value: number; disabled: boolean; onChange: (value: number) => void }) {
  return (
    <span className="rating" role="group" aria-label={t.takes.rate}>
      {[1, 2, 3, 4, 5].map((stars) => (
        <button key={stars} type="button" disabled={disabled} aria-pressed={value === stars} aria-label={t.takes.stars(stars)} title={t.takes.stars(stars)} onClick={() => onChange(value === stars ? 0 : stars)}><Star isFull={stars <= value} size={20} /></button>
      ))}
    </span>
  );
}

/** The mark of a take that is chosen. */
export function CircleMark({ isOn, size = 18 }: { isOn: boolean; size?: number }) {
  return <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" className={isOn ? "circle-mark circle-mark-on" : "circle-mark"}><circle cx="12" cy="12" r="8.5" fill="none" stroke="currentColor" strokeWidth={isOn ? 3 : 1.8} />{isOn && <circle cx="12" cy="12" r="3.6" fill="currentColor" />}</svg>;
}
