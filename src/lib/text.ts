import * as z from "zod";

/**
 * Text a person wrote, kept exactly. Half a surrogate pair is refused: UTF-8 cannot hold it, so it would come back as
 * another character.
 */
export function exactText(charsMax: number) {
  return z
    .string()
    .min(1)
    .max(charsMax)
    .refine((text) => text.isWellFormed(), { message: "holds half a surrogate pair, which is no character" });
}
