/** Code that nobody trusts is run in a script of its own, which is bound to nothing. This is its contract, and how it is asked. */
import * as z from "zod";
import { AppError } from "../lib/errors.ts";
import { unlessAborted, within } from "../lib/time.ts";

export interface SandboxJob {
  /** The body of an asynchronous function of `input` and `console`. */
  code: string;
  /** JSON. */
  input: string;
}

export const SandboxResult = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("value"),
    /** JSON; empty when the code returned nothing. */
    value: z.string(),
    isCut: z.boolean(),
    printed: z.string(),
  }),
  /** What the code threw, or the limit that it met. */
  z.object({ kind: z.literal("error"), message: z.string() }),
]);
export type SandboxResult = z.infer<typeof SandboxResult>;

/** What the script offers over its binding. */
export interface SandboxRunner {
  run(job: SandboxJob): Promise<SandboxResult>;
}

/** The script's own limit of CPU time is nearer; this is for what keeps it from answering at all. */
const ANSWER_MS = 15_000;

/** Never repeated: the same code comes to the same end. Throws `tool_unavailable` when there is no answer. */
export async function runInSandbox(
  sandbox: SandboxRunner,
  job: SandboxJob,
  signal: AbortSignal,
): Promise<SandboxResult> {
  try {
    return await within(ANSWER_MS, async (time) => {
      const stop = AbortSignal.any([signal, time]);
      return SandboxResult.parse(await unlessAborted(sandbox.run(job), stop));
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new AppError("tool_unavailable", { detail: "The code could not be run to its end.", cause });
  }
}
