/** One thing that is wrong with what was sent. */
export interface Finding { pointer: string; code: string; detail: string; node?: string; edge?: string; severity?: "error" | "warning" }

/** The gateway refused a request (RFC 9457), or could not be reached. */
export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 where nothing was answered. */
    readonly status: number,
    /** The last part of the problem's type, such as `insufficient-credits`. */
    readonly code: string,
    detail: string,
    readonly findings: Finding[] = [],
    readonly requestId: string | null = null,
    /** The whole document. */
    readonly document: Record<string, unknown> = {},
  ) {
    super(detail);
    this.name = "ApiError";
  }

  /** Whether the gateway was not reached. */
  get isOffline(): boolean { return this.status === 0; }
}

/** The problem of an answer. */
export async function problemOf(response: Response): Promise<ApiError> {
  let document: Record<string, unknown> = {};
  try { document = (await response.json()) as Record<string, unknown>; } catch { /* Not a problem document: a proxy's. */ }
  const text = (name: string) => (typeof document[name] === "string" ? (document[name] as string) : null);
  const code = (text("type") ?? "").replace(/^\/problems\//, "") || `http-${response.status}`;
  const findings = Array.isArray(document.errors) ? (document.errors as Finding[]) : [];
  const detail = text("detail") ?? text("title") ?? `${response.status} ${response.statusText}`;
  return new ApiError(response.status, code, detail, findings, text("requestId") ?? response.headers.get("x-request-id"), document);
}
