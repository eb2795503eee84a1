/** The parts of PostgreSQL's wire protocol (version 3) that the proxy reads and writes itself. */

export const TERMINATE = "X";
export const PASSWORD = "p";

export const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;

/** One frontend message with its type byte; the startup packet, which has none, is handled apart. */
export interface WireMessage {
  type: string;
  /** The whole message, header included, as it goes to the engine. */
  bytes: Uint8Array;
}

/** Cuts a byte stream into messages, keeping what is incomplete for the next chunk. */
export class MessageSplitter {
  #rest: Buffer = Buffer.alloc(0);
  #startupSeen = false;

  /** The startup packet comes out as type `startup`; a length no client sends throws. */
  push(chunk: Uint8Array): WireMessage[] {
    this.#rest = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    const messages: WireMessage[] = [];
    for (let message = this.#next(); message; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): WireMessage | undefined {
    const header = this.#startupSeen ? 1 : 0;
    if (this.#rest.length < header + 4) return undefined;
    const length = this.#rest.readInt32BE(header);
    if (length < 4 || length > MESSAGE_BYTES_MAX)
      throw new Error("The client sent a message of an impossible length.");
    const end = header + length;
    if (this.#rest.length < end) return undefined;
    const bytes = this.#rest.subarray(0, end);
    this.#rest = this.#rest.subarray(end);
    if (this.#startupSeen) return { type: String.fromCharCode(bytes[0]!), bytes };
    this.#startupSeen = true;
    return { type: "startup", bytes };
  }
}

/** Key and value pairs of a startup packet: `user`, `database`, `application_name` and the like. */
export function startupParameters(packet: Uint8Array): Map<string, string> {
  const fields = Buffer.from(packet.subarray(8)).toString("utf8").split("\0");
  const parameters = new Map<string, string>();
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const key = fields[index];
    if (key) parameters.set(key, fields[index + 1] ?? "");
  }
  return parameters;
}

export function message(type: string, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type, "latin1"), int32(body.length + 4), body]);
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function zeroTerminated(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf8");
}

export function simpleQuery(sql: string): Buffer {
  return message("Q", zeroTerminated(sql));
}

/** Parse, Bind, Describe, Execute and Sync in one piece: parameters and results as text. */
export function extendedQuery(sql: string, parameters: readonly (string | null)[]): Buffer {
  const values = parameters.map((value) => {
    if (value === null) return int32(-1);
    const bytes = Buffer.from(value, "utf8");
    return Buffer.concat([int32(bytes.length), bytes]);
  });
  const unnamed = zeroTerminated("");
  return Buffer.concat([
    message("P", unnamed, zeroTerminated(sql), int16(0)),
    message("B", unnamed, unnamed, int16(0), int16(parameters.length), ...values, int16(0)),
    message("D", Buffer.from("P"), unnamed),
    message("E", unnamed, int32(0)),
    message("S"),
  ]);
}

export interface Field {
  name: string;
  tableID: number;
  columnID: number;
  dataTypeID: number;
  dataTypeSize: number;
  dataTypeModifier: number;
  format: "text" | "binary";
}

/** `idle`: between transactions. `open`: inside one. `failed`: inside one that only a rollback ends. */
export type TransactionStatus = "idle" | "open" | "failed";

export interface ErrorFields {
  severity: string;
  code: string;
  message: string;
  [field: string]: string;
}

export interface Reply {
  fields: Field[];
  rows: (string | null)[][];
  /** The command tag, such as `INSERT 0 1`. */
  tag: string;
  error: ErrorFields | undefined;
  status: TransactionStatus | undefined;
}

/** Decodes the backend messages of one query; values stay the raw text the engine wrote. */
export function decodeReply(bytes: Buffer): Reply {
  const reply: Reply = { fields: [], rows: [], tag: "", error: undefined, status: undefined };
  for (const { type, body } of backendMessages(bytes)) {
    if (type === "T") reply.fields = decodeFields(body);
    else if (type === "D") reply.rows.push(decodeRow(body));
    else if (type === "C") reply.tag = body.toString("utf8", 0, body.length - 1);
    else if (type === "E") reply.error ??= decodeError(body);
    else if (type === "Z") reply.status = decodeStatus(body);
  }
  return reply;
}

/** The status of the last ReadyForQuery in `bytes`, or undefined when there is none. */
export function lastStatus(bytes: Buffer): TransactionStatus | undefined {
  let status: TransactionStatus | undefined;
  for (const { type, body } of backendMessages(bytes)) {
    if (type === "Z") status = decodeStatus(body);
  }
  return status;
}

function* backendMessages(bytes: Buffer): Generator<{ type: string; body: Buffer }> {
  for (let offset = 0; offset + 5 <= bytes.length; ) {
    const end = offset + 1 + bytes.readInt32BE(offset + 1);
    yield { type: String.fromCharCode(bytes[offset]!), body: bytes.subarray(offset + 5, end) };
    offset = end;
  }
}

function decodeStatus(body: Buffer): TransactionStatus {
  const letter = String.fromCharCode(body[0]!);
  return letter === "I" ? "idle" : letter === "T" ? "open" : "failed";
}

function decodeFields(body: Buffer): Field[] {
  const fields: Field[] = [];
  let offset = 2;
  for (let count = body.readInt16BE(0); count > 0; count--) {
    const end = body.indexOf(0, offset);
    const name = body.toString("utf8", offset, end);
    offset = end + 1;
    fields.push({
      name,
      tableID: body.readUInt32BE(offset),
      columnID: body.readInt16BE(offset + 4),
      dataTypeID: body.readUInt32BE(offset + 6),
      dataTypeSize: body.readInt16BE(offset + 10),
      dataTypeModifier: body.readInt32BE(offset + 12),
      format: body.readInt16BE(offset + 16) === 0 ? "text" : "binary",
    });
    offset += 18;
  }
  return fields;
}

function decodeRow(body: Buffer): (string | null)[] {
  const row: (string | null)[] = [];
  let offset = 2;
  for (let count = body.readInt16BE(0); count > 0; count--) {
    const length = body.readInt32BE(offset);
    offset += 4;
    row.push(length === -1 ? null : body.toString("utf8", offset, offset + length));
    if (length > 0) offset += length;
  }
  return row;
}

/** Field letters of ErrorResponse under the names node-postgres and Neon's driver give them. */
const ERROR_FIELD_NAMES: Record<string, string> = {
  V: "severity",
  C: "code",
  M: "message",
  D: "detail",
  H: "hint",
  P: "position",
  p: "internalPosition",
  q: "internalQuery",
  W: "where",
  s: "schema",
  t: "table",
  c: "column",
  d: "dataType",
  n: "constraint",
  F: "file",
  L: "line",
  R: "routine",
};

function decodeError(body: Buffer): ErrorFields {
  const error: ErrorFields = { severity: "ERROR", code: "XX000", message: "" };
  for (const field of body.toString("utf8").split("\0")) {
    const name = ERROR_FIELD_NAMES[field[0] ?? ""];
    if (name) error[name] = field.slice(1);
  }
  return error;
}

export function errorResponse(code: string, text: string): Buffer {
  const fields = [`SERROR`, `VERROR`, `C${code}`, `M${text}`].map(zeroTerminated);
  return message("E", ...fields, Buffer.from([0]));
}
