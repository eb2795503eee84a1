/** Text in quotation marks is taken as it stands: rules see a mark in its place. */

const QUOTED = /["“”«»„]([^"“”«»„]+)["“”«»]|(?<![\p{L}\d])['‘]([^'’‘]+(?:'[a-z][^'’‘]*)*)['’](?![\p{L}\d])/gu;

export interface Masked {
  masked: string;
  /** The words themselves, without their quotation marks. */
  unmask(part: string): string;
  /** As it was written. */
  restore(part: string): string;
}

export function maskQuotes(text: string): Masked {
  const kept: { words: string; whole: string }[] = [];
  const masked = text.replace(QUOTED, (whole, double: string | undefined, single: string | undefined) => {
    kept.push({ words: double ?? single ?? "", whole });
    return `§${kept.length - 1}§`;
  });
  const replace = (part: string, as: "words" | "whole") =>
    part.replace(/§(\d+)§/g, (_, index: string) => kept[Number(index)]?.[as] ?? "");
  return {
    masked,
    unmask: (part) => replace(part, "words"),
    restore: (part) => replace(part, "whole"),
  };
}
