/** What the protocol reference says of the frames that the hub sends. */
import type { HubFrame } from "../../src/features/hub/protocol.ts";
import { APPROVAL, CALL, CHAT, COLLECTION, DEVICE, DOCUMENT, TASK, TURN } from "./example-ids.ts";
import type { Frames, WordsOf } from "./frame-words.ts";

const USAGE = {
  input_tokens: 851,
  output_tokens: 339,
  cache_read_tokens: 4028,
  model_calls: 4,
  tool_calls: 2,
};
const CHART = {
  chartType: "bar",
  title: "Tasks by status",
  data: [
    { status: "todo", count: 16 },
    { status: "done", count: 7 },
  ],
  config: { count: { label: "Tasks", color: "#4f46e5" } },
};

export const HUB_WORDS: WordsOf<Frames<typeof HubFrame>> = {
  welcome: {
    meaning:
      "The answer to `device_hello`. Then comes what was outstanding: revocations, and unanswered calls under their ids.",
    fields: {
      device_id: "as the hello said",
      session_id: "the session that the credential belongs to",
      user_id: "the person",
      tenant_id: "the tenant",
      epoch: "of this connection; one higher at each hello of the device",
      protocol: "the version spoken",
      server_time: "Unix ms",
      heartbeat_s: "how often to send `ping`",
      resumed: "this device has been connected before and is still known",
      embedder: "where vectors come from; a device embeds anew what it keeps from another one",
      limits: "what holds for this connection",
      "limits.tool_timeout_s": "connected seconds that a call may take",
      "limits.concurrent_turns": "turns of the person at the same time; one more is refused as `busy`",
    },
    example: {
      type: "welcome",
      device_id: DEVICE,
      session_id: "019a9f3e-0000-7000-8000-000000000001",
      user_id: "019a9f3e-0000-7000-8000-000000000002",
      tenant_id: "019a9f3e-0000-7000-8000-000000000003",
      epoch: 4,
      protocol: 3,
      server_time: 1_795_168_800_000,
      heartbeat_s: 30,
      resumed: true,
      embedder: { id: "adjutant-hash-1024-v1", dimensions: 1024 },
      limits: { max_frame_bytes: 1_048_576, tool_timeout_s: 30, concurrent_turns: 4 },
    },
  },
  tool_call: {
    meaning:
      "Execute this action and answer with `tool_result`. The same id may come again: answer it from the journal.",
    fields: {
      id: "computed from the turn and the place in it: the same however often the hub has to start over",
      epoch: "of this connection",
      run_id: "the automation's run it belongs to",
      action: "what to do; see the table of actions",
      table: "the device's table",
      data: "values or ids, by action",
      filters: "for `select` and `vector_search`",
      vector: "for `vector_upsert` and `vector_search`",
      limit: "at most so many rows",
      deadline_ms: "how long the hub still waits",
    },
    example: {
      type: "tool_call",
      id: CALL,
      epoch: 4,
      request_id: TURN,
      action: "select",
      table: "tasks",
      filters: { status: "todo", dueDateTo: 1_795_219_199_999, orderBy: "dueDate" },
      limit: 51,
      deadline_ms: 30_000,
    },
  },
  tool_revoke: {
    meaning:
      "The call is settled: do not execute it any more. Answer in any case: with the committed result if it was too late, else with an error `revoked` after noting the id.",
    fields: { id: "the call's" },
    example: { type: "tool_revoke", id: CALL },
  },
  tool_ack: {
    meaning: "The hub has committed these results: the device may drop them from its journal.",
    fields: { ids: "of the calls" },
    example: { type: "tool_ack", ids: [CALL] },
  },
  stream_start: {
    meaning: "A turn begins. The first frame of a home turn, the second of a floating one.",
    fields: { chat_id: "the chat it belongs to" },
    example: { type: "stream_start", request_id: TURN, gen: 1, seq: 1, chat_id: CHAT },
  },
  floating_domain: {
    meaning: "Which domain answers a floating request. Always right before its `stream_start`.",
    fields: { domain: "whose agent answers" },
    example: { type: "floating_domain", request_id: TURN, gen: 1, seq: 1, domain: "tasks" },
  },
  stream_text: {
    meaning:
      "A piece of the answer. Rows are named by tags in it, such as `<task>[id]</task>`; a tag may be split over pieces.",
    fields: { chunk: "to be appended" },
    example: {
      type: "stream_text",
      request_id: TURN,
      gen: 1,
      seq: 4,
      chunk: "You have 4 tasks due today:\n",
    },
  },
  stream_status: {
    meaning: "Progress that a person can read.",
    fields: { phase: "what kind of work", label: "in words" },
    example: {
      type: "stream_status",
      request_id: TURN,
      gen: 1,
      seq: 3,
      phase: "tool",
      label: "Looking through your tasks",
    },
  },
  stream_block: {
    meaning: "A checked chart, table, timeline or reference, for clients with `capabilities.blocks`.",
    fields: { block_type: "its kind", data: "by kind" },
    example: { type: "stream_block", request_id: TURN, gen: 1, seq: 6, block_type: "chart", data: CHART },
  },
  stream_reset: {
    meaning:
      "The hub took the turn up again: forget its frames after `after_seq`. What follows is numbered on from there, in the new generation.",
    fields: { after_seq: "the last frame that still counts" },
    example: { type: "stream_reset", request_id: TURN, gen: 2, after_seq: 3 },
  },
  approval_request: {
    meaning:
      "Something waits for the person: a deletion, or a change after the tenth of one turn. It expires after 10 minutes; the wait does not count against the turn's time.",
    fields: {
      approval_id: "for `approve` or `reject`",
      summary: "in a sentence",
      action: "what would be done",
      table: "to which table",
      data: "as the call would send it",
    },
    example: {
      type: "approval_request",
      request_id: TURN,
      gen: 1,
      seq: 5,
      approval_id: APPROVAL,
      summary: "Delete a task for good.",
      action: "delete",
      table: "tasks",
      data: { id: TASK },
    },
  },
  stream_end: {
    meaning: "The last frame of a turn, exactly one, always.",
    fields: {
      status: "how it ended",
      mutations: "every change that the turn made on the device; failed calls and vectors are not listed",
      "mutations[].data": "what the call sent: the values, `{id, updates}`, or `{id}`",
      usage: "what it took",
      citations: "what marks such as [1] in the answer stand for",
      "citations[].quote": "word for word, what shows it, and where that stands in the document",
      agent:
        "which of the person's own agents was asked; `answered_by` is the one that a router chose, or the same",
      error: "why it failed, for a person",
    },
    example: {
      type: "stream_end",
      request_id: TURN,
      gen: 1,
      seq: 8,
      status: "done",
      mutations: [
        { action: "update", table: "tasks", id: TASK, data: { id: TASK, updates: { status: "done" } } },
      ],
      usage: USAGE,
    },
  },
  mutation: {
    meaning:
      "A change told to the user's other devices; also to the one that made it, when the outcome had been given up as unknown and turned out to have happened.",
    fields: {
      action: "what was done",
      table: "to which table",
      id: "to which row",
      data: "as in `stream_end`",
      source: "a turn's or a run's",
      device_id: "where it was made",
    },
    example: {
      type: "mutation",
      action: "delete",
      table: "tasks",
      id: TASK,
      data: { id: TASK },
      source: "turn",
      device_id: DEVICE,
    },
  },
  data_request: {
    meaning:
      "Asks the device about itself, for `GET /api/v1/devices/{id}/info`. This version of the hub asks for `device_info` only.",
    fields: { id: "for the answer", kind: "what about" },
    example: { type: "data_request", id: "q1", kind: "device_info" },
  },
  event: {
    meaning:
      "Something happened elsewhere: ids, states and counts, never content. Told to every connected device as it happens and " +
      "not again; what was missed is told by `GET /api/v1/events`. The topics and their data are in the table above.",
    fields: { id: "of the event: later ones have higher numbers", topic: "what kind", data: "by topic" },
    example: {
      type: "event",
      id: "1795161600042",
      topic: "documents",
      data: { id: DOCUMENT, collection_id: COLLECTION, version: 1, status: "embedding", progress: 0.4 },
    },
  },
  auth_ok: {
    meaning: "The connection lasts until then.",
    fields: { expires_at: "RFC 3339" },
    example: { type: "auth_ok", expires_at: "2026-12-20T10:00:00.000Z" },
  },
  error: {
    meaning: "A frame was refused; the socket stays open.",
    fields: {
      code: "`bad_frame`, or one of the [error codes](errors.md)",
      message: "in a sentence",
      in_reply_to: "the id that the refused frame carried",
      retry_after_s: "when to try again",
    },
    example: {
      type: "error",
      code: "busy",
      message: "4 turns are running already. Wait for one to end, or cancel one.",
      in_reply_to: TURN,
      retry_after_s: 5,
    },
  },
  ping: { meaning: "Are you there? Answer with `pong` within 10 s.", fields: {}, example: { type: "ping" } },
  pong: { meaning: "The answer to `ping`.", fields: {}, example: { type: "pong" } },
};
