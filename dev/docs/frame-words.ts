/** What the protocol reference says of each frame. The types see to it that no frame and no field goes without words. */
import type { z } from "zod";
import type { CLOSE, ToolAction } from "../../src/features/hub/protocol.ts";

export type Frames<Union extends z.ZodType> = z.input<Union>;
type Shared = "type" | "request_id" | "gen" | "seq";

export interface FrameWords<Frame = object> {
  meaning: string;
  /** Nested fields too, as `parent.child`. */
  fields: { [Field in Exclude<keyof Frame, Shared>]-?: string } & Record<string, string>;
  example: Frame;
}

export type WordsOf<Frame extends { type: string }> = {
  [Type in Frame["type"]]: FrameWords<Extract<Frame, { type: Type }>>;
};

/** Fields that mean the same wherever they stand. */
export const SHARED_WORDS: Readonly<Record<Shared, string>> = {
  type: "names the frame",
  request_id: "the turn",
  gen: "generation of the turn: one higher each time the hub had to take it up again",
  seq: "place in the turn, from 1, without holes",
};

export const ACTION_WORDS: Readonly<Record<ToolAction, { does: string; answer: string }>> = {
  select: {
    does: "rows of `table` that match `filters`, at most `limit` (50 unless told, 200 at most)",
    answer: "`rows`",
  },
  get: { does: "the row with `data.id`", answer: "`row`, null if there is none" },
  insert: { does: "inserts `data`; **the device makes `id`, `createdAt`, `updatedAt`**", answer: "`row`" },
  update: { does: "`data` is `{id, updates}`", answer: "`row`, null if there is none" },
  delete: { does: "deletes `data.id`; a note's vector goes in the same transaction", answer: "`deleted`" },
  vector_upsert: { does: "stores `data {id, projectId?, content}` with `vector`", answer: "`ok`" },
  vector_search: {
    does: "the `limit` entries nearest to `vector`, with optional `filters`",
    answer: "`results`",
  },
  mcp_call: {
    does: "calls a tool of an MCP server that this device hosts: `data {server, tool, arguments}`",
    answer: "`row`: what the tool returned",
  },
};

export const CLOSE_WORDS: Readonly<Record<keyof typeof CLOSE, { why: string; remedy: string }>> = {
  protocolAbuse: { why: "more than 20 bad frames in a minute", remedy: "stop; the client is broken" },
  sessionEnded: {
    why: "the session expired or was revoked, or the device was removed",
    remedy: "sign in again or use a fresh token",
  },
  disabled: { why: "the user or the tenant is disabled, or may not connect", remedy: "stop" },
  silent: { why: "no hello within 10 s, or no `pong`", remedy: "connect again" },
  replaced: { why: "the same device connected again", remedy: "stop; the newer connection goes on" },
  rateLimited: { why: "more than 20 connections of one person", remedy: "wait at least 30 s" },
  frameTooLarge: { why: "a frame over the limit", remedy: "connect again; send less" },
};
