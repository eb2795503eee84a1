/** W3C Trace Context: the caller's trace goes on, with a span of our own. */
export interface Trace {
  traceId: string;
  /** For the answer and for requests made on behalf of this one. */
  traceparent: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Continues a `traceparent`; one that is absent or malformed starts a trace. */
export function continueTrace(header: string | undefined): Trace {
  const [, version, traceId, parentId, flags, rest] = TRACEPARENT.exec(header ?? "") ?? [];
  const valid =
    traceId !== undefined &&
    version !== "ff" &&
    !(version === "00" && rest) &&
    /[^0]/.test(traceId) &&
    /[^0]/.test(parentId ?? "");
  const trace = valid ? traceId : randomHex(16);
  return { traceId: trace, traceparent: `00-${trace}-${randomHex(8)}-${valid ? flags : "01"}` };
}

function randomHex(bytes: number): string {
  return [...crypto.getRandomValues(new Uint8Array(bytes))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
