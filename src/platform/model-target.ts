/** Where requests to the model server go, and with which headers: as the SDK says. */
import { BaseAnthropic } from "@anthropic-ai/sdk/client";

export interface ModelServer {
  /** May be absent with a `baseUrl`: a local model server asks for none. */
  apiKey?: string | undefined;
  /** Any server that speaks the Messages API; Anthropic's own when absent. */
  baseUrl?: string | undefined;
}

export interface ModelTarget {
  url: string;
  headers: Headers;
}

const DEFAULT_BASE_URL = "https://api.anthropic.com";

/** The same for every request of this method and path. */
export async function modelTarget(
  { apiKey, baseUrl }: ModelServer,
  method: "get" | "post",
  path: string,
): Promise<ModelTarget> {
  const key = apiKey || "none";
  const client = new BaseAnthropic({
    apiKey: key,
    baseURL: baseUrl ?? DEFAULT_BASE_URL,
    // Gateways older than the 2026-10-21 API read the key from this header only.
    ...(baseUrl && { defaultHeaders: { "x-api-key": key } }),
    // The SDK's debug lines and spans would hold what people wrote.
    logLevel: "off",
    openTelemetry: false,
  });
  const { req, url } = await client.buildRequest({ method, path, ...(method === "post" && { body: {} }) });
  return { url, headers: new Headers(req.headers) };
}

/** Asks for the list of models, which costs nothing, and answers with the status. A server may know no such list. */
export async function modelServerStatus(server: ModelServer, signal: AbortSignal): Promise<number> {
  const { url, headers } = await modelTarget(server, "get", "/v1/models?limit=1");
  const response = await fetch(url, { headers, signal });
  await response.body?.cancel();
  return response.status;
}
