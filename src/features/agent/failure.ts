import { AppError } from "../../lib/errors.ts";

/** Why a turn failed: a code of the catalogue, and words for the person. */
export interface TurnFailure {
  code: string;
  message: string;
}

const SENTENCES: Record<string, string> = {
  model_unavailable: "The assistant cannot be reached right now. Please try again in a moment.",
  model_refused: "The assistant declined to answer this.",
  turn_too_large: "This request grew too large to finish. Try it in smaller steps.",
  timeout: "This took too long and was stopped.",
  misconfigured: "The service is not set up correctly. Its operator has to mend that.",
  internal: "Something went wrong on our side. Please try again.",
};

/** Only errors of the catalogue speak for themselves; everything else is `internal`. */
export function describeFailure(cause: unknown): TurnFailure {
  if (!(cause instanceof AppError)) return { code: "internal", message: SENTENCES["internal"]! };
  return { code: cause.code, message: SENTENCES[cause.code] ?? cause.message };
}
