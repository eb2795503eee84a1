/** Numbers of lists as they are written. */

const ROMAN = [
  ...([
    [1000, "M"],
    [900, "CM"],
    [500, "D"],
    [400, "CD"],
    [100, "C"],
    [90, "XC"],
    [50, "L"],
  ] as const),
  ...([
    [40, "XL"],
    [10, "X"],
    [9, "IX"],
    [5, "V"],
    [4, "IV"],
    [1, "I"],
  ] as const),
];
const WRITTEN_MAX = 5_000;

/** `format`: as WordprocessingML names it, such as `lowerRoman`; what is not known is decimal. */
export function numberAs(count: number, format = "decimal"): string {
  if (count < 1 || count > WRITTEN_MAX) return String(count);
  const small = format.startsWith("lower");
  if (/letter$/i.test(format)) {
    // After z comes aa, then bb.
    const letter = String.fromCharCode((small ? 97 : 65) + ((count - 1) % 26));
    return letter.repeat(Math.ceil(count / 26));
  }
  if (format === "decimalZero") return String(count).padStart(2, "0");
  if (!/roman$/i.test(format)) return String(count);
  let [rest, roman] = [count, ""];
  for (const [value, sign] of ROMAN) {
    roman += sign.repeat(Math.floor(rest / value));
    rest %= value;
  }
  return small ? roman.toLowerCase() : roman;
}
