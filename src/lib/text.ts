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

const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff\u{e0000}-\u{e007f}]/gu;

/**
 * Without what formats let through and neither databases nor readers want: controls but for tab and line feed, what divides
 * a word only at the end of a line, what turns the order of letters on a screen, and letters that nobody sees and models read.
 */
export function withoutUnseen(text: string): string {
  return text.replace(UNSEEN, "");
}
