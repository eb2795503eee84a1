/** What the styles of a Word document say of its paragraphs and runs, and by which names. */
import { type Attributes, readMarkup } from "./markup.ts";

const NAMESPACES = new Set([
  "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
  "http://purl.oclc.org/ooxml/wordprocessingml/main",
]);
const STYLE_CHAIN_MAX = 20;

/** Takes the prefix off the names of WordprocessingML, whatever it is. */
export class Names {
  #prefix = "w:";

  local(name: string, attributes: Attributes): string {
    for (const [attribute, value] of attributes) {
      if (attribute.startsWith("xmlns") && NAMESPACES.has(value)) {
        this.#prefix = attribute === "xmlns" ? "" : `${attribute.slice("xmlns:".length)}:`;
      }
    }
    return this.strip(name);
  }

  strip(name: string): string {
    return name.startsWith(this.#prefix) ? name.slice(this.#prefix.length) : name;
  }

  value(attributes: Attributes, name: string): string {
    return attributes.get(this.#prefix + name) ?? attributes.get(name) ?? "";
  }
}

/** Of a property that is there: its value may still take it back. */
export function isOn(value: string): boolean {
  return !["0", "false", "off", "none"].includes(value);
}

/** Written from 0; 9 is body text. */
export function outlineLevel(value: string): number {
  const level = Number(value) + 1;
  return level >= 1 && level <= 9 ? level : 0;
}

/** What a style says itself, or the one that it is based on. */
export interface WordStyle {
  /** Of headings, from 1; 0 is none. */
  level?: number;
  isHidden?: boolean;
  /** Which list its paragraphs belong to, and how deep in it, from 0. */
  numId?: string;
  listLevel?: number;
}

export type WordStyles = ReadonlyMap<string, WordStyle>;

export function readStyles(xml: string): WordStyles {
  const own = new Map<string, WordStyle & { basedOn?: string }>();
  let style: WordStyle & { basedOn?: string } = {};
  const names = new Names();
  readMarkup(
    xml,
    {
      isDone: false,
      open: (name, attributes) => {
        const local = names.local(name, attributes);
        const value = names.value(attributes, "val");
        if (local === "style") {
          style = {};
          own.set(names.value(attributes, "styleId"), style);
        } else if (local === "name") {
          const level = value.toLowerCase() === "title" ? 1 : Number(/^heading (\d)$/i.exec(value)?.[1] ?? 0);
          if (level > 0) style.level = level;
        } else if (local === "outlineLvl") style.level ??= outlineLevel(value);
        else if (local === "basedOn") style.basedOn = value;
        else if (local === "vanish") style.isHidden = isOn(value);
        else if (local === "numId") style.numId = value;
        else if (local === "ilvl") style.listLevel = Number(value) || 0;
      },
      close: () => {},
      text: () => {},
    },
    { isXml: true },
  );
  return new Map([...own.keys()].map((id) => [id, inherited(own, id)]));
}

function inherited(styles: ReadonlyMap<string, WordStyle & { basedOn?: string }>, id: string): WordStyle {
  let all: WordStyle = {};
  let at: string | undefined = id;
  for (let step = 0; at !== undefined && step < STYLE_CHAIN_MAX; step++) {
    const { basedOn, ...style }: WordStyle & { basedOn?: string } = styles.get(at) ?? {};
    all = { ...style, ...all };
    at = basedOn;
  }
  return all;
}
