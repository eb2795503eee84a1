/** Structured logs: one JSON object a line, with no place for what a person wrote. */
import { AppError } from "./errors.ts";

export type LogLevel = "info" | "warn" | "error";
export type LogValue = string | number | boolean | null | undefined | readonly (string | number)[];

/** Names under which content or credentials would slip in. They do not type-check, at any value. */
type ForbiddenField = "token" | "prompt" | "message" | "content" | "body" | "headers";

export type LogFields = { [Field in ForbiddenField]?: never } & {
  [field: string]: LogValue;
};

/** `event` is a past-tense fact, `noun.past`, such as `turn.ended`. Values are ids, enums, counts and times. */
export type LogEntry = LogFields & { event: string };

/** Where a finished line goes. */
export type LogSink = (level: LogLevel, line: string) => void;

export interface Logger {
  info(entry: LogEntry, cause?: unknown): void;
  /** It went wrong and went on. */
  warn(entry: LogEntry, cause?: unknown): void;
  /** Someone must act. */
  error(entry: LogEntry, cause?: unknown): void;
  /** A logger that adds these fields to each line. */
  with(fields: LogFields): Logger;
}

const consoleSink: LogSink = (level, line) => {
  if (level === "error") console.error(line);
  else if (level === "warn") console.warn(line);
  else console.log(line);
};

export function createLogger(fields: LogFields = {}, sink: LogSink = consoleSink): Logger {
  const write = (level: LogLevel, entry: LogEntry, cause: unknown) => {
    const reduced = cause === undefined ? {} : describeError(cause);
    sink(level, JSON.stringify({ time: new Date().toISOString(), level, ...fields, ...entry, ...reduced }));
  };
  return {
    info: (entry, cause) => write("info", entry, cause),
    warn: (entry, cause) => write("warn", entry, cause),
    error: (entry, cause) => write("error", entry, cause),
    with: (more) => createLogger({ ...fields, ...more }, sink),
  };
}

/** The logger without a request: bind ids with `with`. */
export const log: Logger = createLogger();

const NAME = /^[A-Za-z_$][\w$.-]{0,59}$/;
const FRAME = /^\s*at .*?\(?([^\s()]+:\d+:\d+)\)?$/;
const CAUSES_MAX = 3;

interface ErrorFields {
  error_name: string;
  error_code?: string;
  /** Source position, innermost first. */
  error_at?: string[];
  error_causes?: string[];
}

/**
 * What may be logged of an error: its name, its code, where it was thrown and the names of its causes.
 * Its text may quote what a person wrote, so it is left out.
 */
export function describeError(error: unknown): ErrorFields {
  const described: ErrorFields = { error_name: nameOf(error) };
  const code = codeOf(error);
  if (code) described.error_code = code;
  const positions = positionsOf(error);
  if (positions.length > 0) described.error_at = positions;
  const causes = causesOf(error);
  if (causes.length > 0) described.error_causes = causes;
  return described;
}

function nameOf(error: unknown): string {
  if (error instanceof Error) return NAME.test(error.name) ? error.name : "Error";
  return error === null ? "null" : typeof error;
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof AppError) return error.code;
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  const { code } = error;
  if (typeof code === "number") return String(code);
  return typeof code === "string" && /^\w{1,40}$/.test(code) ? code : undefined;
}

function positionsOf(error: unknown): string[] {
  if (!(error instanceof Error) || !error.stack) return [];
  // The stack repeats the error's text, which could imitate a frame: cut it off before looking for frames.
  const textStart = error.stack.indexOf(error.message);
  if (textStart < 0) return [];
  return error.stack
    .slice(textStart + error.message.length)
    .split("\n")
    .map((line) => FRAME.exec(line)?.[1])
    .filter((position) => position !== undefined)
    .slice(0, 3);
}

function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  let current: unknown = error instanceof Error ? error.cause : undefined;
  while (current !== undefined && causes.length < CAUSES_MAX) {
    const code = codeOf(current);
    causes.push(code ? `${nameOf(current)} ${code}` : nameOf(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return causes;
}
