/** Searches the web by a service that the settings name. What comes back is data that anybody may have written. */
import { readBounded } from "../lib/bounded-stream.ts";
import { AppError } from "../lib/errors.ts";
import { withoutUnseen } from "../lib/text.ts";
import { sleep, within } from "../lib/time.ts";
import { failureOfStatus, failureOfTransport, planRetry, readRetryAfterMs } from "./model-retry.ts";
import { SEARCH_SERVICES, type SearchServiceName, type WebResult } from "./web-search-services.ts";

export type { WebResult } from "./web-search-services.ts";

export interface WebSearchConfig {
  service: SearchServiceName;
  /** The service's own address when absent; SearXNG has none. */
  baseUrl?: string | undefined;
  apiKey?: string | undefined;
  timeoutMs?: number;
  /** Uniform in [0, 1), for the jitter of repeats. */
  random?: () => number;
}

/** As the services have it in common. */
export const WEB_RESULTS_MAX = 10;
const TITLE_CHARS_MAX = 200;
const TEXT_CHARS_MAX = 600;
/** Of what is shown: the rest is not even looked through for its markup. */
const MARKUP_SHARE_MAX = 10;
const URL_CHARS_MAX = 1_000;
const ANSWER_BYTES_MAX = 2 * 1024 * 1024;
const TIMEOUT_MS = 8_000;
const REPEATS_MAX = 2;
/** Longer pauses are not waited for: a person waits for the answer. */
const PAUSE_MAX_MS = 4_000;

/** The best results first, at most `limit`. Throws `tool_unavailable` after two repeats, and the signal's reason. */
export async function searchWeb(
  config: WebSearchConfig,
  query: string,
  { limit, signal }: { limit: number; signal: AbortSignal },
): Promise<WebResult[]> {
  const { timeoutMs = TIMEOUT_MS, random = Math.random } = config;
  for (let repeat = 1; ; repeat++) {
    signal.throwIfAborted();
    const attempt = await within(timeoutMs, (time) =>
      ask(config, query, limit, AbortSignal.any([signal, time])),
    );
    signal.throwIfAborted();
    if ("results" in attempt) return shown(attempt.results).slice(0, limit);
    const pauseMs = repeat > REPEATS_MAX ? null : planRetry(attempt.failure, repeat, random);
    if (pauseMs === null || pauseMs > PAUSE_MAX_MS) throw unavailable(attempt.failure.trace);
    await sleep(pauseMs, signal);
  }
}

/** Asks for the service's front page, which costs nothing, and answers with the status. */
export async function webSearchStatus(config: WebSearchConfig, signal: AbortSignal): Promise<number> {
  const response = await fetch(baseUrlOf(config), { signal, redirect: "manual" });
  await response.body?.cancel();
  return response.status;
}

type Attempt = { results: WebResult[] } | { failure: ReturnType<typeof failureOfTransport> };

async function ask(
  config: WebSearchConfig,
  query: string,
  limit: number,
  signal: AbortSignal,
): Promise<Attempt> {
  const service = SEARCH_SERVICES[config.service];
  try {
    const { path, ...init } = service.request({ query, limit, apiKey: config.apiKey });
    const response = await fetch(`${baseUrlOf(config)}${path}`, { ...init, signal, redirect: "manual" });
    if (!response.ok) {
      await response.body?.cancel();
      const retryAfterMs = readRetryAfterMs(response.headers, Date.now());
      return {
        failure: failureOfStatus(response.status, { retryAfterMs, trace: `status ${response.status}` }),
      };
    }
    const bytes = await readBounded(response, ANSWER_BYTES_MAX);
    return { results: service.read(JSON.parse(new TextDecoder().decode(bytes ?? new Uint8Array()))) };
  } catch {
    return { failure: failureOfTransport(signal.aborted ? "timeout" : "connection") };
  }
}

function baseUrlOf({ service, baseUrl }: WebSearchConfig): string {
  return (baseUrl ?? SEARCH_SERVICES[service].baseUrl ?? "").replace(/\/+$/, "");
}

/** Text only, cut, without control characters; addresses of pages only, each once. */
function shown(results: readonly WebResult[]): WebResult[] {
  const seen = new Set<string>();
  return results.flatMap(({ title, url, text }) => {
    const page = URL.parse(url);
    if (!page || !/^https?:$/.test(page.protocol) || page.href.length > URL_CHARS_MAX || seen.has(page.href))
      return [];
    seen.add(page.href);
    return [{ title: plain(title, TITLE_CHARS_MAX), url: page.href, text: plain(text, TEXT_CHARS_MAX) }];
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
};

function plain(markup: string, charsMax: number): string {
  const spoken = markup
    .slice(0, MARKUP_SHARE_MAX * charsMax)
    .replace(/<\/?[a-z][^>]{0,100}>/gi, "")
    .replace(/&(?:#(\d{1,6})|#x([\da-f]{1,5})|([a-z]{2,4}));/gi, (whole, decimal, hex, name) => {
      if (name) return ENTITIES[name.toLowerCase()] ?? whole;
      const code = decimal ? Number(decimal) : Number.parseInt(hex, 16);
      return code > 31 && code <= 0x10ffff ? String.fromCodePoint(code) : " ";
    })
    .replace(/[\p{Cc}\p{Cs}\s]+/gu, " ");
  const text = withoutUnseen(spoken).trim();
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1).toWellFormed()}…`;
}

function unavailable(trace: string): AppError {
  return new AppError("tool_unavailable", {
    detail: "The web search does not answer. Try again later.",
    cause: new Error(`web search: ${trace}`),
  });
}
