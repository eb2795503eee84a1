/** Whether a person agrees to what they were asked: their words decide, and no model. */
import { searchWords, wordList } from "../../lib/search-words.ts";

/** Also where what follows is written small. */
const SENTENCE = /[^.!?。！？…\n]*[^\s.!?。！？…][^.!?。！？…\n]*[.!?。！？…]*/g;

/**
 * A plain yes to whether `value` holds: its first sentence has nothing but words of agreement and of the value, and none
 * after it begins with a no. In the languages listed; any other answer is none.
 */
export function isAgreement(text: string, value: string): boolean {
  const [first = "", ...rest] = text.match(SENTENCE) ?? [];
  const words = searchWords(first);
  const own = new Set(searchWords(value));
  if (/[?？]["'”’)」]*$/.test(first) || !words.some((word) => YES.has(word))) return false;
  if (rest.some((sentence) => NO.has(searchWords(sentence)[0] ?? ""))) return false;
  return words.every((word) => YES.has(word) || AGREEING.has(word) || own.has(word));
}

const YES = wordList(
  "yes yeah yep yup ok okay sure correct right exactly absolutely definitely indeed agreed",
  "ja jawohl genau richtig stimmt klar gerne korrekt",
  "oui exact exactement accord volontiers",
  "sí claro correcto exacto vale",
  "sì certo esatto giusto",
  "sim claro certo",
  "tak да はい ええ うん 是 是的 对 对的 好 好的 没错 네 예",
);
/** Says nothing besides a yes. */
const AGREEING = wordList(
  "please do that it is this that's it's s thank thanks you",
  "bitte das ist so es danke",
  "c'est ça bien d cela s'il vous te plaît merci",
  "eso es así por favor está bien gracias",
  "è così per favore va bene grazie",
  "そうです その通りです お願いします 合っています です ください 谢谢 请 的",
);
const NO = wordList(
  "no not nope never don doesn isn wrong incorrect wait",
  "nein nicht kein falsch",
  "non pas jamais faux",
  "nunca incorrecto falso",
  "mai sbagliato",
  "não nie нет не いいえ いや 不 不是 没 아니요",
);
