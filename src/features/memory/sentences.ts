/** Made when it is first needed: it costs milliseconds. */
let segmenter: Intl.Segmenter | undefined;

/** In the order of the text, without the space around them. */
export function* sentencesOf(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter("und", { granularity: "sentence" });
  for (const { segment } of segmenter.segment(text)) {
    const sentence = segment.trim();
    if (sentence !== "") yield sentence;
  }
}
