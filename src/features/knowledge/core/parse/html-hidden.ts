/** What a page does not show: by its elements' own styles, and by the plain rules of its style sheets. */
import { isBlock } from "./html-elements.ts";
import type { Attributes } from "./markup.ts";

type Declarations = ReadonlyMap<string, string>;

/** Longer ones are no style that somebody wrote. */
const STYLE_CHARS_MAX = 5_000;
const SHEET_CHARS_MAX = 500_000;
const RULES_MAX = 5_000;
const DEPTH_MAX = 200;
/** They have no end, or hide all there is until a script shows it. */
const NEVER_HIDDEN = new Set(
  "area base br col embed hr img input link meta source track wbr html body".split(" "),
);
const NOTHING = /^[-+]?0*\.?0*(?:px|pt|em|rem|%|ex|vh|vw)?$/;
const FAR_OUT = /^-\d{3,}(?:\.\d+)?(?:px|em|rem|pt|%|vw)?$/;

function declarationsOf(style: string): Declarations {
  const declarations = new Map<string, string>();
  for (const declaration of style.slice(0, STYLE_CHARS_MAX).toLowerCase().split(";")) {
    const colon = declaration.indexOf(":");
    if (colon < 0) continue;
    const value = declaration
      .slice(colon + 1)
      .replace("!important", "")
      .trim();
    if (value) declarations.set(declaration.slice(0, colon).trim(), value);
  }
  return declarations;
}

/** With all that is in it, whatever that says of itself. */
function hidesAll(style: Declarations): boolean {
  const is = (name: string, value: RegExp) => value.test(style.get(name) ?? "none of these");
  if (is("display", /^none$/) || is("mso-hide", /^all$/)) return true;
  // What is to come into sight has a movement, too.
  const moves = ["transform", "transition", "animation", "will-change"].some((name) => style.has(name));
  if (is("opacity", NOTHING) && !moves) return true;
  const sizes = ["height", "max-height", "width", "max-width"];
  if (is("overflow", /hidden|clip/) && sizes.some((name) => is(name, NOTHING))) return true;
  const isOut = ["left", "top", "right", "margin-left"].some((name) => is(name, FAR_OUT));
  if (is("position", /^(?:absolute|fixed)$/) && isOut) return true;
  return is("clip", /^rect\((?:[01](?:px)?[ ,]*){4}\)$/) || is("clip-path", /^inset\((?:50|100)%\)$/);
}

/** What an element may take back for itself: the name and whether it hides. */
function inheritedBy(style: Declarations): [name: string, isHidden: boolean][] {
  const found: [string, boolean][] = [];
  const [size, seen, color] = ["font-size", "visibility", "color"].map((name) => style.get(name));
  if (size) found.push(["font-size", NOTHING.test(size)]);
  if (seen) found.push(["visibility", seen === "hidden" || seen === "collapse"]);
  const ground = style.get("background-color") ?? style.get("background");
  if (color) found.push(["color", color === "transparent" || color === ground]);
  return found;
}

/** The rules of style sheets that take something away altogether, by class or name. */
class StyleSheet {
  /** By `.class` or `#id`, with the element before it if there is one. */
  readonly #hides = new Map<string, boolean>();
  #source = "";

  add(source: string): void {
    if (this.#source.length < SHEET_CHARS_MAX) this.#source += source;
  }

  hides(name: string, attributes: Attributes): boolean {
    if (this.#source !== "") this.#read();
    if (this.#hides.size === 0) return false;
    const classes = (attributes.get("class") ?? "").slice(0, STYLE_CHARS_MAX).split(/\s+/).filter(Boolean);
    const marks = [...classes.map((one) => `.${one}`), `#${attributes.get("id") ?? ""}`];
    return marks.some((mark) => this.#hides.get(mark) || this.#hides.get(name + mark));
  }

  /** What stands in a block of its own, such as those for other screens, counts for nobody. */
  #read(): void {
    const source = this.#source.replace(/\/\*[\s\S]*?(?:\*\/|$)/g, "").replace(/<!--|-->/g, "");
    this.#source = "";
    let depth = 0;
    let start = 0;
    let selectors = "";
    for (const { 0: mark, index } of source.matchAll(/[{};]/g)) {
      if (mark === "{" && depth++ === 0) selectors = source.slice(start, index).trim();
      if (mark === "}" && depth > 0 && --depth === 0 && !selectors.startsWith("@")) {
        this.#rule(selectors, source.slice(start, index));
      }
      if (depth === 0 || (mark === "{" && depth === 1)) start = index + 1;
    }
  }

  #rule(selectors: string, style: string): void {
    const declarations = declarationsOf(style);
    const display = declarations.get("display");
    const seen = declarations.get("visibility");
    if ((!display && !seen) || this.#hides.size > RULES_MAX) return;
    for (const selector of selectors.slice(0, STYLE_CHARS_MAX).split(",")) {
      const plain = /^([a-z][\w-]*)?([.#][\w-]+)$/i.exec(selector.trim());
      if (plain)
        this.#hides.set((plain[1] ?? "").toLowerCase() + plain[2], display === "none" || seen === "hidden");
    }
  }
}

const NOTHING_HIDING: ReadonlySet<string> = new Set();
const UNCLOSED = new Set(["p", "li", "td", "th", "tr", "dt", "dd", "option"]);

interface Styled {
  name: string;
  /** How many of its name are open, itself included. */
  depth: number;
  /** What hides its text, and is not taken back. */
  hiding: ReadonlySet<string>;
}

/** Follows a page element by element. */
export class Visibility {
  readonly #sheet = new StyleSheet();
  /** The open elements that change what is seen of their text. */
  readonly #styled: Styled[] = [];

  addSheet(source: string): void {
    this.#sheet.add(source);
  }

  /** Whether text is seen where the page is read now. */
  get isText(): boolean {
    return (this.#styled.at(-1)?.hiding.size ?? 0) === 0;
  }

  /** False for an element of which nothing is seen, whatever is in it. */
  open(name: string, attributes: Attributes): boolean {
    if (NEVER_HIDDEN.has(name)) return true;
    const hidden = attributes.get("hidden");
    if (hidden !== undefined && hidden.toLowerCase() !== "until-found") return false;
    if (name === "dialog" && !attributes.has("open")) return false;
    const style = declarationsOf(attributes.get("style") ?? "");
    const isTakenBack = style.has("display") || style.has("visibility");
    if (hidesAll(style) || (!isTakenBack && this.#sheet.hides(name, attributes))) return false;
    this.#endBefore(name);
    const before = this.#styled.at(-1)?.hiding ?? NOTHING_HIDING;
    const hiding = new Set(before);
    for (const [property, isHidden] of inheritedBy(style)) {
      if (isHidden) hiding.add(property);
      else hiding.delete(property);
    }
    const isChanged = hiding.size !== before.size || [...hiding].some((one) => !before.has(one));
    const same = this.#styled.findLast((one) => one.name === name);
    if (isChanged && this.#styled.length < DEPTH_MAX) this.#styled.push({ name, depth: 1, hiding });
    else if (same) same.depth++;
    return true;
  }

  /** Elements that are never closed end where the next of their kind begins, and paragraphs where any block does. */
  #endBefore(name: string): void {
    const last = this.#styled.at(-1)?.name;
    const ends = last === name ? UNCLOSED.has(name) : last === "p" && isBlock(name);
    if (ends) this.#styled.pop();
  }

  close(name: string): void {
    const at = this.#styled.findLastIndex((one) => one.name === name);
    if (at >= 0 && --this.#styled[at]!.depth === 0) this.#styled.length = at;
  }
}
