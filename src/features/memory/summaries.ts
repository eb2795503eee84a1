/** Whether a model's summary of a message tells what the person said, and nothing that they did not. */
import { searchWords, wordList } from "../../lib/search-words.ts";
import { Grounds, tellingWords } from "./own-words.ts";

/** Words by which one reports what another said: they claim nothing. */
const REPORTING = wordList(
  "person user asked asks ask asking wanted wants want wanting requested requests request told tells tell said says say",
  "mentioned mentions spoke spoken shared reported explained described discussed noted stated inquired talked about whether what which who how when where why would like to know their",
  "person nutzer nutzerin möchte wollte will wünscht bat bittet fragte fragt sagte sagt erzählte erzählt berichtet teilte nach ob über dass wissen",
  "personne utilisateur utilisatrice veut voulait demande demandé dit raconte raconté parle parlé propos sur savoir si que",
  "persona usuario usuaria quiere quería pidió pide preguntó pregunta dijo dice contó habló sobre saber si",
  "utente vuole voleva chiede chiesto ha detto dice parlato su sapere se",
  "ユーザー 依頼 尋ね 質問 言っ 話し つい 希望 伝え 求め 用户 询问 要求 想 说 告诉 关于 希望",
);
const SHARE_MIN = 0.5;

const TOKEN = /[^\s"“”„«»「」『』()]+/gu;
const CAPITALISED = /^\p{Lu}/u;
/** "Planning the move", "Asked for …": begins with what was done. */
const DOING = /(ing|ed)$/i;
const KATAKANA = /^[\p{Script=Katakana}ー]{2,}$/u;

/**
 * Every name, number and address of the summary is in the texts, and half of what else it tells. Where nouns are
 * capitalised too they count as names: a summary that is turned down for that gives way to the person's own words.
 */
export function isBorneOut(summary: string, texts: readonly string[]): boolean {
  const grounds = new Grounds(texts);
  const telling = tellingWords(summary).filter((word) => !REPORTING.has(word));
  const found = telling.filter((word) => grounds.has(word));
  if (telling.length === 0 || found.length < telling.length * SHARE_MIN) return false;
  return mustBeSaid(summary).every((word) =>
    /\p{N}/u.test(word) ? grounds.covers([word]) : grounds.has(word),
  );
}

function mustBeSaid(summary: string): string[] {
  const told = new Set(tellingWords(summary).filter((word) => !REPORTING.has(word)));
  const tokens = [...(summary.match(TOKEN) ?? [])].flatMap((token, at) => {
    const isName = CAPITALISED.test(token) && !(at === 0 && DOING.test(token));
    return isName || /[@/\p{N}]/u.test(token) ? searchWords(token) : [];
  });
  return [...tokens, ...[...told].filter((word) => KATAKANA.test(word))].filter((word) => told.has(word));
}
