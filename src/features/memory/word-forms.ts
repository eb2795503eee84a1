/** How near two words are as a person sees them who searches: endings and parts count, which no list of words knows. */

const STEM_CHARS_MIN = 4;
/** Of English, German, French, Spanish and Italian, without accents. */
const ENDINGS = new Set(
  "s es d ed ing er ers e en n em ern nen ne t te ten a o i as os is x al aux ux re r rs ent ez ar ir ando iendo endo".split(
    " ",
  ),
);
/** Letters of other scripts: their endings are not listed. */
const FOREIGN = /^[^\p{ASCII}]+$/u;
/** Shorter words are parts of too many others. */
const PART_CHARS_MIN = 5;
const UNSPACED_PART_CHARS_MIN = 2;
const UNSPACED = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}]/u;

const SAME = 1;
const FORM = 0.8;
const PART = 0.5;

/** 0 to 1, for words as `searchWords` gives them: a form counts nearly as the word, a part or a compound half. */
export function nearness(one: string, other: string): number {
  if (one === other) return SAME;
  if (isForm(one, other)) return FORM;
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  const charsMin = UNSPACED.test(short) ? UNSPACED_PART_CHARS_MIN : PART_CHARS_MIN;
  return short.length >= charsMin && long.includes(short) ? PART : 0;
}

/** The same beginning, and endings that words of the usual languages have: "hund" and "hunde", and not "hundert". */
function isForm(one: string, other: string): boolean {
  let shared = 0;
  while (shared < one.length && one[shared] === other[shared]) shared++;
  return shared >= STEM_CHARS_MIN && isEnding(one.slice(shared)) && isEnding(other.slice(shared));
}

function isEnding(letters: string): boolean {
  return letters === "" || ENDINGS.has(letters) || (FOREIGN.test(letters) && letters.length <= 2);
}
