/** The services that search the web, each by what its HTTP API asks for and answers. */
import * as z from "zod";

export interface WebResult {
  title: string;
  url: string;
  /** What the page says of it, in some sentences. */
  text: string;
}

export interface SearchService {
  baseUrl?: string;
  request(wanted: { query: string; limit: number; apiKey: string | undefined }): {
    path: string;
    method: "GET" | "POST";
    headers: Record<string, string>;
    body?: string;
  };
  /** Throws when the answer has another form. */
  read(answer: unknown): WebResult[];
}

const words = z
  .string()
  .nullish()
  .transform((text) => text ?? "");
const JSON_ANSWER = { accept: "application/json" };

const BraveAnswer = z.object({
  web: z.object({ results: z.array(z.object({ title: words, url: words, description: words })) }).nullish(),
});

/** https://api-dashboard.search.brave.com/app/documentation/web-search: at most 20 results, 400 characters a query. */
const brave: SearchService = {
  baseUrl: "https://api.search.brave.com",
  request: ({ query, limit, apiKey = "" }) => ({
    path: `/res/v1/web/search?${new URLSearchParams({
      q: query,
      count: String(limit),
      result_filter: "web",
      text_decorations: "false",
    })}`,
    method: "GET",
    headers: { ...JSON_ANSWER, "x-subscription-token": apiKey },
  }),
  read: (answer) =>
    (BraveAnswer.parse(answer).web?.results ?? []).map(({ description, ...rest }) => ({
      ...rest,
      text: description,
    })),
};

const TextAnswer = z.object({ results: z.array(z.object({ title: words, url: words, content: words })) });
const readTextAnswer = (answer: unknown) =>
  TextAnswer.parse(answer).results.map(({ content, ...rest }) => ({ ...rest, text: content }));

/** https://docs.tavily.com/documentation/api-reference/endpoint/search: at most 20 results. */
const tavily: SearchService = {
  baseUrl: "https://api.tavily.com",
  request: ({ query, limit, apiKey = "" }) => ({
    path: "/search",
    method: "POST",
    headers: { ...JSON_ANSWER, "content-type": "application/json", authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({
      query,
      max_results: limit,
      search_depth: "basic",
      include_answer: false,
      include_images: false,
    }),
  }),
  read: readTextAnswer,
};

/** https://docs.searxng.org/dev/search_api.html: somebody's own server, whose settings must allow the format `json`. */
const searxng: SearchService = {
  request: ({ query, apiKey }) => ({
    path: `/search?${new URLSearchParams({ q: query, format: "json", categories: "general" })}`,
    method: "GET",
    headers: { ...JSON_ANSWER, ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
  }),
  read: readTextAnswer,
};

export const SEARCH_SERVICES = { brave, tavily, searxng } as const satisfies Record<string, SearchService>;
export type SearchServiceName = keyof typeof SEARCH_SERVICES;
export const SEARCH_SERVICE_NAMES = [
  "brave",
  "tavily",
  "searxng",
] as const satisfies readonly SearchServiceName[];
