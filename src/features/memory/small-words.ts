/** Patterns and sets of the small words by which the rules of the memory read several languages. */

/** Matches any of the words as a whole one, after `before`. */
export function wordsAt(before: string, ...lists: string[]): RegExp {
  const words = lists.flatMap((list) => list.split(" ")).join("|");
  return new RegExp(`${before}(?<![\\p{L}])(?:${words})(?![\\p{L}])`, "iu");
}

export function wordSet(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}

/** Anybody of themselves. */
export const SPEAKS_OF_SELF = new RegExp(
  `${wordsAt("", "i i'm my me ich bin mein meine mir je j'ai j'habite suis mon ma yo soy mi vivo io sono mio mia").source}|[私僕俺我]`,
  "iu",
);
