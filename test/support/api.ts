/** Calls the Worker under test the way the world does. */

import { exports } from "cloudflare:workers";
import { randomInt } from "node:crypto";
import type { z } from "zod";
import { Problem } from "../../src/lib/problem.ts";

export interface CallOptions {
  /** Of `newUser`; absent calls without a credential. */
  as?: { accessToken: string };
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as they are. */
  bytes?: NonNullable<RequestInit["body"]>;
  headers?: Record<string, string>;
}

const ORIGIN = "http://adjutant.test";

/** Sends one request to a path from the root. */
export function call(
  method: string,
  path: string,
  { as, body, bytes, headers = {} }: CallOptions = {},
): Promise<Response> {
  const all = new Headers(headers);
  // Each call has an address of its own unless told: tests share no limit.
  if (!all.has("cf-connecting-ip"))
    all.set("cf-connecting-ip", `10.${randomInt(256)}.${randomInt(256)}.${randomInt(256)}`);
  if (as) all.set("authorization", `Bearer ${as.accessToken}`);
  if (body !== undefined && !all.has("content-type")) all.set("content-type", "application/json");
  const init: RequestInit = { method, headers: all };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (bytes !== undefined) init.body = bytes;
  return exports.default.fetch(new Request(ORIGIN + path, init));
}

/** Sends one request under `/api/v1` and reads the JSON it answers with `schema`; any other status fails the test. */
export async function callFor<Answer extends z.ZodType>(
  schema: Answer,
  method: string,
  path: string,
  options: CallOptions = {},
): Promise<z.output<Answer>> {
  const response = await call(method, `/api/v1${path}`, options);
  if (!response.ok)
    throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return schema.parse(await response.json());
}

/** Reads a problem document; the test fails when the answer is something else. */
export async function problemOf(response: Response): Promise<Problem> {
  const type = response.headers.get("content-type");
  if (type !== "application/problem+json") throw new Error(`not a problem but ${response.status} ${type}`);
  return Problem.parse(await response.json());
}
