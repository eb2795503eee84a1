/** Server-sent events (WHATWG HTML, section 9.2). */

export interface SseEvent {
  event: string;
  id?: string;
  /** Sent as JSON. */
  data: unknown;
}

const ENCODER = new TextEncoder();

/** One event on the wire. JSON escapes line ends, so the data is always one line. */
export function encodeSse({ event, id, data }: SseEvent): Uint8Array {
  const idLine = id === undefined ? "" : `id: ${id}\n`;
  return ENCODER.encode(`${idLine}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** A comment: proxies close a stream that stays silent for a minute or so. */
const KEEP_ALIVE = ENCODER.encode(": keep-alive\n\n");
const KEEP_ALIVE_MS = 20_000;

export interface SseOptions {
  headers?: HeadersInit;
  keepAliveMs?: number;
  /** The caller left before the end: to end at once what the generator waits for. */
  onLeave?: () => void;
}

/**
 * Answers a stream of events, pulled only as fast as the caller reads. When the caller leaves, the generator is ended at
 * its next event. An error in the generator breaks the stream off: catch what the caller should learn.
 */
export function sseResponse(events: AsyncGenerator<SseEvent>, options: SseOptions = {}): Response {
  const { headers, keepAliveMs = KEEP_ALIVE_MS, onLeave } = options;
  let next: Promise<IteratorResult<SseEvent>> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      next ??= events.next();
      const result = await within(next, keepAliveMs);
      if (result === undefined) return controller.enqueue(KEEP_ALIVE);
      next = undefined;
      if (result.done) controller.close();
      else controller.enqueue(encodeSse(result.value));
    },
    cancel() {
      onLeave?.();
      // Not awaited: a generator that waits for its next event ends only when that comes.
      events.return(undefined).catch(() => {});
    },
  });
  const answer = new Headers(headers);
  answer.set("content-type", "text/event-stream");
  answer.set("cache-control", "no-store, no-transform");
  // Proxies that buffer would hold the words back until the end.
  answer.set("x-accel-buffering", "no");
  return new Response(stream, { headers: answer });
}

/** What the promise brings, or undefined when it takes longer than `ms`. */
async function within<Value>(promise: Promise<Value>, ms: number): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined);
  });
  try {
    return await Promise.race([promise, silence]);
  } finally {
    clearTimeout(timer);
  }
}
