/** What a person's own message asks to be forgotten, and which of what is remembered it names. Their words decide. */
import { isWordedIn } from "../../lib/wording.ts";
import { QUESTION_END } from "./asserted.ts";
import { plainKey } from "./core-facts.ts";
import { Grounds, tellingWords } from "./own-words.ts";
import type { MemoryItem } from "./schema.ts";
import { sentencesOf } from "./sentences.ts";
import { textOf } from "./text.ts";

export interface ForgetRequest {
  /** The sentences that ask for it. */
  words: string;
  /** They ask for no more suggestions of a kind. */
  isOfSuggestion: boolean;
}

/** Undefined when the message asks for nothing of the kind. */
export function forgetRequest(own: string): ForgetRequest | undefined {
  const asking = [...sentencesOf(own)].filter(asksToForget);
  if (asking.length === 0) return undefined;
  const words = asking.join("\n");
  return { words, isOfSuggestion: SUGGESTION.test(words) };
}

/** Facts and statements all of whose telling words are in the request, and facts that it calls by name ("my city"). */
export function namedIn({ words }: ForgetRequest, items: readonly MemoryItem[], what: string): MemoryItem[] {
  const asked = new Grounds([what]);
  return items.filter((item) => {
    const text = textOf(item.body);
    const name = item.body.tier === "core" ? item.body.key.replaceAll("_", " ") : "";
    const isNamed = isWordedIn(tellingWords(text).join(" "), [words]) || isCalled(name, words);
    return isNamed && (asked.touches(text) || isCalled(name, `my ${what}`));
  });
}

/** The habit that the request is about: the one that it names, else the one that was suggested last, if it names nothing. */
export function suggestionMeant(
  { words }: ForgetRequest,
  habits: readonly MemoryItem[],
): MemoryItem | undefined {
  const grounds = new Grounds([words]);
  const byUse = habits.toSorted((one, other) => (other.lastUsedAt ?? 0) - (one.lastUsedAt ?? 0));
  const named = byUse.find(({ body }) => grounds.touches(textOf(body)));
  const [latest] = byUse.filter(({ lastUsedAt }) => lastUsedAt !== null);
  return named ?? (POINTS.test(words) || tellingWords(words).length <= BARE_WORDS ? latest : undefined);
}

function asksToForget(sentence: string): boolean {
  if (REMINDS.test(sentence) || (QUESTION_END.test(sentence) && !POLITE.test(sentence))) return false;
  if (FORGET.test(sentence) && !TELLS.test(sentence)) return true;
  const isOfMemory = MEMORY.test(sentence);
  if (DELETE.test(sentence) && isOfMemory) return true;
  return SUGGESTION.test(sentence) && (STOP.test(sentence) || DELETE.test(sentence));
}

function isCalled(name: string, words: string): boolean {
  if (name === "") return false;
  return [...words.toLowerCase().matchAll(POSSESSED)].some(([, called = ""]) =>
    called
      .split(/\s+/)
      .some((_, at, all) => plainKey(all.slice(0, at + 1).join("_")) === plainKey(name.replaceAll(" ", "_"))),
  );
}

/** "No more suggestions, please." */
const BARE_WORDS = 4;
const POINTS =
  /(?<!\p{L})(?:that|this|it|such|these|those|das|so etwas|solche\p{L}?|diese\p{L}?|ça|cela|ces|es[oae]s?|est[oae]s?|quest[oaie]|quell[oaie])(?!\p{L})|そういう|そんな|それ|その|这|那/iu;
const POSSESSED = /(?<!\p{L})(?:my|mein\p{L}{0,2}|mon|ma|mes|mis?|mi[oae]i?)\s+(\p{L}+(?:\s+\p{L}+){0,2})/gu;
const FORGET =
  /(?<!\p{L})(?:forget|unlearn|stop remembering|(?:do not|don['’]t) remember|vergiss|vergessen sie|oublie[sz]?|olvid[ae](?:te|lo|la|r)?|olvides|dimentica(?:re|lo|la|ti)?|scorda(?:re|ti)?)(?!\p{L})|忘れて|忘れる|覚えないで|忘掉|忘记|忘了|别记/iu;
/** "I forget my keys" asks for nothing. */
const TELLS =
  /(?<!\p{L})(?:i|we|they|he|she)\s+(?:\p{L}+\s+)?forget|(?<!\p{L})j['’]\s*oublie|(?<!\p{L})(?:io|lui|lei)\s+(?:\p{L}+\s+)?dimentica|我(?:总|老|常)?[^，。]{0,4}忘/iu;
const REMINDS =
  /(?:do not|don['’]t|never)\s+(?:\p{L}+\s+)?forget|vergiss (?:\p{L}+ )?nicht|vergiss nie|n['’]oublie|ne (?:l['’])?oublie|no (?:te )?olvid|non (?:ti )?(?:dimentica|scorda)|忘れないで|(?:不要|别|勿)忘/iu;
const DELETE =
  /(?<!\p{L})(?:delete|remove|erase|clear|drop|lösche?n?|entferne?n?|efface[rz]?|supprime[rz]?|borra\p{L}*|elimina\p{L}*|cancella\p{L}*|rimuovi\p{L}*)(?!\p{L})|削除|消して|删除|清除|删掉/iu;
const MEMORY =
  /(?<!\p{L})(?:memory|memories|remember(?:ed)?|you know|gedächtnis|gemerkt|merkst|erinner\p{L}*|du (?:über mich )?weißt|mémoire|retenu|souvien\p{L}*|tu sais|memoria|recuerd\p{L}*|sabes|ricord\p{L}*|sai)(?!\p{L})|記憶|覚えて|メモリ|记忆|记住|记得/iu;
const SUGGESTION =
  /(?<!\p{L})(?:suggest\p{L}*|vorschl[aä]g\p{L}*|sugg[eéè]r\p{L}*|suger\p{L}*|sugger\p{L}*|suggestions?|propos\p{L}*)(?!\p{L})|提案|建议/iu;
const STOP =
  /(?<!\p{L})(?:stop|no more|no longer|not any ?more|turn (?:it |them |that |those |these |such |this )?\p{L}* ?off|do not|don['’]t|never|keine?|nicht mehr|nie|hör auf|arrête[rz]?|plus|ne|deja|dejes|no|basta|smetti(?:la)?|non|mai)(?!\p{L})|やめて|止めて|しないで|不要|不用|别再|别|停止/iu;
/** A question that asks for it all the same. */
const POLITE =
  /(?<!\p{L})(?:please|bitte|por favor|per favore|s['’]il|(?:can|could|will|would) you|kannst du|könntest du|können sie|peux-tu|pouvez-vous|puedes|podrías|puoi|potresti)(?!\p{L})|くれ|もらえ|ください|吗|可以/iu;
