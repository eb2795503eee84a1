/**
 * Which encoding a text is in that is not UTF-8 and does not say: each candidate is tried on its beginning, and judged by
 * what comes out. Only what is unmistakable overrides Windows-1252.
 */

const PROBE_BYTES = 65_536;
const WESTERN = "windows-1252";

/** Among the commonest characters of Chinese prose, simplified or traditional: four in ten are one of these. */
const COMMON_HAN = new Set(
  "的一是不了在人有我他这個个们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于於着著下自之年过過发發后後作里裡用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些主样樣理心她本前开開但因只从從想实實日",
);

interface Candidate {
  label: string;
  /** Which of the characters that are not ASCII speak for it. */
  speaks(character: string): boolean;
  /** Which share of them must. */
  shareMin: number;
}

const isKana = (character: string) => /[\u3041-\u30fe]/.test(character);
const isHangul = (character: string) => /[\uac00-\ud7a3]/.test(character);
const isCommonHan = (character: string) => COMMON_HAN.has(character);
const oneOf = (letters: string) => (character: string) => letters.includes(character.toLowerCase());

/** In this order: what EUC-JP writes as kana GB 18030 does too. */
const OF_SEVERAL_BYTES: readonly Candidate[] = [
  { label: "shift_jis", speaks: isKana, shareMin: 0.25 },
  { label: "euc-jp", speaks: isKana, shareMin: 0.25 },
  { label: "gb18030", speaks: isCommonHan, shareMin: 0.2 },
  { label: "big5", speaks: isCommonHan, shareMin: 0.2 },
  { label: "euc-kr", speaks: isHangul, shareMin: 0.6 },
];

/** The ten commonest letters of a language make up some two thirds of its texts. */
const OF_OTHER_SCRIPTS: readonly Candidate[] = [
  ...["windows-1251", "koi8-r", "ibm866", "iso-8859-5"].map((label) => ({ label, letters: "оеаинтсрвл" })),
  { label: "windows-1253", letters: "αάοόιίεέτσςνηήρ" },
  { label: "windows-1255", letters: "יוהלאתרמבש" },
  { label: "windows-1256", letters: "اليمونرتبة" },
].map(({ label, letters }) => ({ label, speaks: oneOf(letters), shareMin: 0.45 }));

const LATIN = [WESTERN, "windows-1250", "iso-8859-2", "macintosh"];
/** A letter may stand on both sides of these. */
const WITHIN_WORDS = "’‘'·-–—…\u00ad";

/** Japanese of seven bits, as old mails have it: valid UTF-8, and nothing that anybody could read. */
export function isEscapedJapanese(bytes: Uint8Array): boolean {
  const start = bytes.indexOf(0x1b);
  return start >= 0 && bytes[start + 1] === 0x24 && [0x40, 0x42].includes(bytes[start + 2]!);
}

/** A label that `TextDecoder` knows. */
export function guessEncoding(bytes: Uint8Array): string {
  const probe = probeOf(bytes);
  return (
    best(probe, OF_SEVERAL_BYTES, (scored) => scored[0]) ??
    (hasForeignWords(probe) ? best(probe, OF_OTHER_SCRIPTS, strongest) : undefined) ??
    leastFaulty(probe)
  );
}

/** From the line on where the first byte stands that is not ASCII: there no character is cut. */
function probeOf(bytes: Uint8Array): Uint8Array {
  const foreign = bytes.findIndex((byte) => byte > 127);
  const start = bytes.lastIndexOf(10, foreign) + 1;
  return bytes.subarray(start, start + PROBE_BYTES);
}

interface Scored {
  label: string;
  share: number;
}

function best(
  probe: Uint8Array,
  candidates: readonly Candidate[],
  choose: (scored: readonly Scored[]) => Scored | undefined,
): string | undefined {
  const scored = candidates.flatMap(({ label, speaks, shareMin }) => {
    const foreign = [...(decoded(probe, label) ?? "")].filter((character) => character > "\u007f");
    const share = foreign.filter(speaks).length / foreign.length;
    return share >= shareMin ? [{ label, share }] : [];
  });
  return choose(scored)?.label;
}

function strongest(scored: readonly Scored[]): Scored | undefined {
  return scored.toSorted((one, other) => other.share - one.share)[0];
}

/** Null where the bytes are none of this encoding. The probe may end within a character. */
function decoded(probe: Uint8Array, label: string): string | null {
  try {
    return new TextDecoder(label, { fatal: true, ignoreBOM: false }).decode(probe, { stream: true });
  } catch {
    return null;
  }
}

/** Whole words are not ASCII: in Latin writing they hardly ever are. */
function hasForeignWords(probe: Uint8Array): boolean {
  const runs = new TextDecoder(WESTERN).decode(probe).match(/[^\0-\x7f]+/g) ?? [];
  const all = runs.reduce((sum, run) => sum + run.length, 0);
  const long = runs.filter((run) => run.length > 2).reduce((sum, run) => sum + run.length, 0);
  return long > all / 2;
}

/** The first of the least faulty. */
function leastFaulty(probe: Uint8Array): string {
  const counted = LATIN.map((label) => ({ label, faults: faultsIn(decoded(probe, label)) }));
  return counted.toSorted((one, other) => one.faults - other.faults)[0]?.label ?? WESTERN;
}

/** Signs and capitals in the middle of words. */
function faultsIn(text: string | null): number {
  if (text === null) return Infinity;
  let faults = 0;
  for (const { 0: found } of text.matchAll(/(?<=\p{L})[^\p{L}\p{M}\s\0-\x7f](?=\p{L})|(?<=\p{Ll})\p{Lu}/gu)) {
    if (found > "\u007f" && !WITHIN_WORDS.includes(found)) faults++;
  }
  return faults;
}

let windows1252: ReadonlyMap<string, number> | undefined;

/** Null where a letter has no place in it. */
export function windows1252BytesOf(text: string): Uint8Array | null {
  windows1252 ??= new Map(
    Array.from({ length: 256 }, (_, byte) => [new TextDecoder(WESTERN).decode(new Uint8Array([byte])), byte]),
  );
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const byte = windows1252.get(text[at]!);
    if (byte === undefined) return null;
    bytes[at] = byte;
  }
  return bytes;
}
