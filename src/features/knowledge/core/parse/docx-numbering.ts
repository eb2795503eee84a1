/** The numbers of a Word document's lists and headings: they are written nowhere, and counted from page to page. */
import { isOn, Names } from "./docx-styles.ts";
import { numberAs } from "./list-numbers.ts";
import { type Attributes, readMarkup } from "./markup.ts";

const LEVELS = 9;
const TEXT_CHARS_MAX = 100;

interface Level {
  start?: number;
  format?: string;
  /** Such as `%1.%2`: the numbers of this level and of those above it. */
  text?: string;
  isDecimal?: boolean;
}

interface List {
  levels: Level[];
  /** The styles whose paragraphs are at a level. */
  styles: Map<string, number>;
  /** The name of the one that it stands for. */
  linked?: string;
}

interface Numbered {
  list: string;
  levels: Level[];
  isBegun: boolean;
}

export class Numbering {
  readonly #lists = new Map<string, List>();
  readonly #numbered = new Map<string, Numbered>();
  /** How far each list has counted, by level; undefined where it begins again. */
  readonly #counted = new Map<List, (number | undefined)[]>();
  readonly #byLink = new Map<string, List>();

  constructor(xml: string) {
    const names = new Names();
    let list: List = { levels: [], styles: new Map() };
    let numbered: Numbered | undefined;
    let at = 0;
    const open = (name: string, attributes: Attributes) => {
      const local = names.local(name, attributes);
      const value = names.value(attributes, "val");
      const { levels } = numbered ?? list;
      if (local === "abstractNum") {
        list = { levels: [], styles: new Map() };
        numbered = undefined;
        this.#lists.set(names.value(attributes, "abstractNumId"), list);
      } else if (local === "num") {
        numbered = { list: "", levels: [], isBegun: false };
        this.#numbered.set(names.value(attributes, "numId"), numbered);
      } else if (local === "lvl" || local === "lvlOverride") {
        at = Math.min(LEVELS - 1, Math.max(0, Number(names.value(attributes, "ilvl")) || 0));
        levels[at] ??= {};
      } else if (local === "abstractNumId" && numbered) numbered.list = value;
      else if (local === "pStyle") list.styles.set(value, at);
      else if (local === "styleLink") this.#byLink.set(value, list);
      else if (local === "numStyleLink") list.linked = value;
      else setLevel(levels[at] ?? {}, local, value);
    };
    readMarkup(xml, { isDone: false, open, close: () => {}, text: () => {} }, { isXml: true });
  }

  /** Counts on: what stands before the next paragraph of a list. Undefined for a mark that is no number. */
  next(numId: string, listLevel: number | undefined, style: string): string | undefined {
    const numbered = this.#numbered.get(numId);
    const list = numbered && this.#listOf(numbered.list);
    if (!numbered || !list) return undefined;
    const at = Math.min(LEVELS - 1, listLevel ?? list.styles.get(style) ?? 0);
    const level = (index: number): Level => ({ ...list.levels[index], ...numbered.levels[index] });
    const counted = this.#counted.get(list) ?? [];
    this.#counted.set(list, counted);
    if (!numbered.isBegun) {
      numbered.isBegun = true;
      for (const [index, own] of numbered.levels.entries())
        if (own?.start !== undefined) counted[index] = undefined;
    }
    for (let index = 0; index < at; index++) counted[index] ??= level(index).start ?? 1;
    const last = counted[at];
    counted[at] = last === undefined ? (level(at).start ?? 1) : last + 1;
    counted.length = at + 1;
    const { format, text = `%${at + 1}.`, isDecimal } = level(at);
    if (format === "bullet" || format === "none") return undefined;
    const shown = text.replace(/%([1-9])/g, (_, place: string) => {
      const index = Number(place) - 1;
      const count = counted[index] ?? level(index).start ?? 1;
      return isDecimal ? String(count) : numberAs(count, level(index).format);
    });
    return shown.trim() || undefined;
  }

  #listOf(id: string): List | undefined {
    const list = this.#lists.get(id);
    return (list?.linked !== undefined && this.#byLink.get(list.linked)) || list;
  }
}

function setLevel(level: Level, name: string, value: string): void {
  if (name === "start" || name === "startOverride") level.start = Number(value) || 0;
  else if (name === "numFmt") level.format = value;
  else if (name === "lvlText") level.text = value.slice(0, TEXT_CHARS_MAX);
  else if (name === "isLgl") level.isDecimal = isOn(value);
}
