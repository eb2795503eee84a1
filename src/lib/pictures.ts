/** Beginning of a picture in Markdown. */
const PICTURE = /!(?=\[)/g;

/**
 * Makes links of the pictures in what a model writes, as it comes. Who shows a picture asks its server for it at once, with
 * whatever a document or another person's agent had the model put into its address; a link somebody must choose. The space
 * that is put in changes no meaning of code.
 */
export class LinkedPictures {
  #last = "";

  /** The same, however the text is cut. */
  push(text: string): string {
    const shown = (this.#last + text).replace(PICTURE, "! ").slice(this.#last.length);
    this.#last = shown.slice(-1) || this.#last;
    return shown;
  }
}
