/** Where a person takes something back: "forget that …", "it is false that …". What stands there is not so, nor to be kept. */
import { sentencesOf } from "./sentences.ts";

const START = "(?<!\\p{L})";
const END = "(?!\\p{L})";

/** From here to the end of the sentence. */
const RETRACTS = new RegExp(
  `${START}(${[
    "(?<!(n['’]t|not|never|i|we|you|always|often|['’]ll|(going|tend|want|used|afraid|have|need|try|not) to)\\s)forget",
    "(can|could|will|would) you (please )?forget|you (can|may|should|must|could) (please )?forget",
    "(ignore|disregard|unlearn|scratch|discard) (that|what|the fact)",
    "(?<!(i|we|you|they)\\s)(do not|don['’]t|never) (ever )?(remember|store|save|memori[sz]e|assume|think|believe|keep in mind)",
    "stop (remembering|assuming|thinking|believing|saying)",
    "(it|that)(['’]s| is|['’]s just| is just) (false|wrong|untrue|incorrect|(not|no longer) (true|correct|right|the case)|a lie)",
    "(it )?(isn['’]t|is not) (true|correct|right|the case) that",
    "(delete|remove|erase)(?=[^.]* (from (your |the )?memory|the fact that|that i)(?!\\p{L}))",
    "vergiss(?! (bitte )?nicht)|vergesst(?! (bitte )?nicht)|vergessen sie(?! (bitte )?nicht)",
    "(kannst|könntest|sollst|würdest) du(?!.*nicht vergessen)(?=.{0,60}(?<!\\p{L})vergessen(?!\\p{L}))|(lösche?|streiche?)(?=,? dass(?!\\p{L}))",
    "merke? dir (bitte )?nicht|merken sie sich (bitte )?nicht|speichere? (bitte )?nicht",
    "(es|das) (stimmt nicht|ist (falsch|gelogen|nicht (wahr|richtig)))|es ist nicht so",
    "(?<!['’])oublie[zs]?|(peux|pourrais)[- ]tu oublier|(pouvez|pourriez)[- ]vous oublier|ne (retiens|retenez) pas|ne (te|vous) souv\\p{L}+ pas|(c['’]est|il est) faux|(ce n['’]est|il n['’]est) pas vrai",
    "(?<!(no|no te|no lo)\\s)(olvida|olvídate|olvídalo|olvide|olvídese)|no (recuerdes|guardes|memorices)|(puedes?|podrías?) olvidar|es (falso|mentira)|no es (verdad|cierto)",
    "dimentica(ti|lo)?|scorda(ti|lo)?|(puoi|potresti) dimenticare|non (ricordare|memorizzare|salvare)|(è|e['’]) falso|non è vero",
    "esquece|esqueça|vergeet(?! niet)|забудь|zapomnij",
  ].join("|")})${END}`,
  "iu",
);
/** These say so at their end, or in languages whose sentences do. */
const RETRACTED_WHOLE = new RegExp(
  [
    `^that (i|my)${END}.* (is|was) (false|wrong|untrue|incorrect|(not|no longer) (true|correct|right))\\W*$`,
    `^dass ${START}(ich|mein)${END}.* (stimmt nicht|ist (falsch|nicht wahr))\\W*$`,
    "忘れて(?!は?いけ|は駄目|い?な)|覚え(ないで|なくて)|記憶しないで|(嘘|うそ|間違い|誤り|(事実|本当)で?はな(い|く))(です|だ)?[。．!！]?$",
    "(?<![别勿我]|不要|不)(忘记|忘掉|忘了)|(别|不要|不用)(记住|记得)|[是为][假错]的|不是真的",
  ].join("|"),
  "iu",
);
/** A list of what is to be forgotten may go on for sentences. */
const LISTS = /^[^.!?。]{0,60}[:：]/u;
const GOES_ON = /;|(?<!\p{L})(but|instead|sondern|aber|mais|pero|sino|ma)(?!\p{L})/iu;

/** The text in two: what stands, in parts between which nothing joins, and what is taken back. */
export function partsOf(text: string): { standing: string[]; retracted: string[] } {
  const [standing, retracted]: [string[], string[]] = [[], []];
  const joined: string[] = [];
  const flush = () => {
    if (joined.length > 0) standing.push(joined.splice(0).join("\n"));
  };
  let isListed = false;
  for (const sentence of sentencesOf(text)) {
    const from = isListed || RETRACTED_WHOLE.test(sentence) ? 0 : (RETRACTS.exec(sentence)?.index ?? -1);
    if (from < 0) {
      joined.push(sentence);
      continue;
    }
    const rest = sentence.slice(from);
    isListed ||= LISTS.test(rest);
    const on = isListed ? -1 : rest.search(GOES_ON);
    joined.push(sentence.slice(0, from));
    flush();
    retracted.push(on < 0 ? rest : rest.slice(0, on));
    if (on >= 0) joined.push(rest.slice(on).replace(/^;/, ""));
  }
  flush();
  return { standing: standing.filter((part) => part.trim() !== ""), retracted };
}
