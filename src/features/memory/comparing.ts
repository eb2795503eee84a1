/** Whether two statements say the same, or the later one corrects the earlier: by their words alone, in any language. */
import { searchWords, wordList } from "../../lib/search-words.ts";

/** The same, but for words that carry nothing here. What differs in a name, a number, an order or a "not" says something else. */
export function isRepetition(one: string, other: string): boolean {
  return essenceOf(one) === essenceOf(other);
}

/** The same words in the same order but for numbers or a negation: the later one is right. Two dates are two occasions. */
export function isCorrection(one: string, other: string): boolean {
  const [left, right] = [essentialWords(one), essentialWords(other)].map((words) => words.filter(isPlain));
  if (!left || left.length < 2 || left.join(" ") !== right?.join(" ")) return false;
  return !isRepetition(one, other) && datesIn(one) === datesIn(other);
}

/** Equal for texts that repeat each other. */
export function essenceOf(text: string): string {
  const words = essentialWords(text);
  return (words.length > 0 ? words : searchWords(text)).join(" ");
}

const NOT = "not";
const NEGATIONS = wordList(
  "not no never none nothing nobody neither nor t cannot without",
  "nicht kein keine keinen keinem keiner keines nie niemals nichts niemand ohne",
  "ne n pas jamais aucun aucune rien sans",
  "no nunca ninguno ninguna nada sin",
  "non mai nessuno nessuna niente senza",
  "não nem nunca niet geen nooit inte ingen aldrig nie nigdy не нет никогда",
  "ない 不 没 無",
);

/** Articles, helping verbs of the present, and ways to name the person themselves. */
const EMPTY = wordList(
  "a an the is are am be been has have do does will that person user s they",
  "don doesn isn aren hasn haven won",
  "der die das den dem ein eine einen einem einer ist sind hat dass",
  "le la les l un une est sont que",
  "el los las una es son lo gli il uno",
);

/** Its words without case, accents and plurals; every negation is one word, and what carries nothing is left out. */
function essentialWords(text: string): string[] {
  const words = searchWords(text).map((word) => (NEGATIONS.has(word) ? NOT : word));
  return words.filter((word, at) => !EMPTY.has(word) && !(word === NOT && words[at - 1] === NOT));
}

function isPlain(word: string): boolean {
  return word !== NOT && !/\p{N}/u.test(word);
}

function datesIn(text: string): string {
  return (text.match(/\d{4}-\d{2}-\d{2}/g) ?? []).join(" ");
}
