import type {
  ApprovalRequest,
  FloatingDomain,
  Mutation,
  StreamStatus,
  TurnError,
  TurnFrame,
  TurnStatus,
  TurnUsage,
} from "../src/features/hub/protocol.ts";
import { type Block, parseBlock } from "./blocks.ts";
import { type Piece, TagParser } from "./tags.ts";

/** What a turn shows to a person, in order. */
export type TurnEvent =
  | { type: "start"; chatId: string | undefined }
  | { type: "domain"; domain: FloatingDomain["domain"] }
  | { type: "text"; text: string }
  | { type: "block"; block: Block }
  | { type: "status"; phase: StreamStatus["phase"]; label: string }
  | { type: "approval"; approval: Approval }
  /** The hub took the turn up again: show `text` and `blocks` instead of all text and blocks so far. */
  | { type: "reset"; text: string; blocks: Block[] }
  | { type: "end"; result: TurnResult };

/** Something that waits for the person; answer it with `approve` or `reject`. */
export interface Approval {
  id: string;
  summary: string;
  action: ApprovalRequest["action"];
  table: string;
  data: Record<string, unknown>;
}

export interface TurnResult {
  requestId: string;
  chatId: string | undefined;
  status: TurnStatus;
  /** The answer without its inline tags. */
  text: string;
  blocks: Block[];
  mutations: Mutation[];
  usage: TurnUsage;
  error: TurnError | undefined;
}

/** The frames of one turn as a person reads them. Keeps the frames, since a reset takes some of them back. */
export class Transcript {
  #frames: TurnFrame[] = [];
  #parser = new TagParser();
  #text = "";
  #blocks: Block[] = [];
  #chatId: string | undefined;

  /** Frames come without holes or repeats: the cursor sees to that. */
  push(frame: TurnFrame): TurnEvent[] {
    this.#frames.push(frame);
    return this.#read(frame);
  }

  /** Forgets the frames after `keepSeq`; null when there were none. */
  rewind(keepSeq: number): TurnEvent | null {
    const kept = this.#frames.filter((frame) => frame.seq <= keepSeq);
    if (kept.length === this.#frames.length) return null;
    this.#frames = kept;
    this.#parser = new TagParser();
    this.#text = "";
    this.#blocks = [];
    for (const frame of kept) this.#read(frame);
    return { type: "reset", text: this.#text, blocks: [...this.#blocks] };
  }

  #read(frame: TurnFrame): TurnEvent[] {
    switch (frame.type) {
      case "stream_start":
        this.#chatId = frame.chat_id;
        return [{ type: "start", chatId: frame.chat_id }];
      case "floating_domain":
        return [{ type: "domain", domain: frame.domain }];
      case "stream_text":
        return this.#keep(this.#parser.push(frame.chunk));
      case "stream_status":
        return [{ type: "status", phase: frame.phase, label: frame.label }];
      case "stream_block": {
        const block = parseBlock(frame.block_type, frame.data);
        return block === null ? [] : this.#keep([{ type: "block", block }]);
      }
      case "approval_request": {
        const { approval_id: id, summary, action, table, data } = frame;
        return [{ type: "approval", approval: { id, summary, action, table, data } }];
      }
      case "stream_end": {
        const rest = this.#keep(this.#parser.end());
        const { request_id: requestId, status, mutations, usage, error } = frame;
        const result = {
          requestId,
          chatId: this.#chatId,
          status,
          text: this.#text,
          blocks: [...this.#blocks],
        };
        return [...rest, { type: "end", result: { ...result, mutations, usage, error } }];
      }
    }
  }

  #keep(pieces: Piece[]): TurnEvent[] {
    for (const piece of pieces) {
      if (piece.type === "text") this.#text += piece.text;
      else this.#blocks.push(piece.block);
    }
    return pieces;
  }
}
