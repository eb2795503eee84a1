import type { z } from "zod";

/** A call that can never succeed as it is; its words go to the model. Nothing was changed. */
export class Rejection extends Error {
  override readonly name = "Rejection";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message.slice(0, MESSAGE_CHARS_MAX));
    this.code = code;
  }
}

/** The protocol allows 4,000. */
const MESSAGE_CHARS_MAX = 1000;

/** Every field that does not fit, with its path. */
export function badInput(problem: z.core.$ZodError): Rejection {
  const fields = problem.issues.slice(0, 8).map((issue) => {
    const path = issue.path.join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  return new Rejection("bad_input", `${fields.join("; ")}.`);
}
