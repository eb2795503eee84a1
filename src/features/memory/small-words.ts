/** Patterns and sets of the small words by which the rules of the memory read several languages. */

/** Matches any of the words as a whole one, after `before`. */
export function wordsAt(before: string, ...lists: string[]): RegExp {
  const words = lists.flatMap((list) => list.split(" ")).join("|");
  return new RegExp(`${before}(?<![\\p{L}])(?:${words})(?![\\p{L}])`, "iu");
}

export function wordSet(list: string): ReadonlySet<string> {
  return new Set(list.split(" "));
}
