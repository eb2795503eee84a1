/** The strong entity tag of a version number. */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/** Versions are Postgres integers: the database takes no larger number, not even to compare with. */
const VERSION_MAX = 2 ** 31 - 1;

/**
 * The versions that an `If-Match` header accepts; undefined for none or `*`. Tags that are not ours cannot match,
 * so a header without any of ours gives an empty list.
 */
export function versionsInIfMatch(header: string | null): readonly number[] | undefined {
  if (header === null || header.trim() === "*") return undefined;
  return [...header.matchAll(/(?:^|,)\s*"(\d{1,10})"\s*(?=,|$)/g)]
    .map((match) => Number(match[1]))
    .filter((version) => version <= VERSION_MAX);
}
