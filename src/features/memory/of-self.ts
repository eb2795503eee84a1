/**
 * What of a person's own words says something of themselves, or how they want to be treated: the only words that a turn
 * may take a fact from. Told by the small words of the languages that `asserted.ts` knows; in others nothing is.
 */
import { isWordedIn } from "../../lib/wording.ts";
import { assertedIn } from "./asserted.ts";
import { Grounds } from "./own-words.ts";
import { sentencesOf } from "./sentences.ts";

export interface Said {
  value: string;
  /** It says who somebody is: what is denied, uncertain or over bears out nothing then. */
  isIdentity: boolean;
}

/**
 * Whether the person says this of themselves, and says that it is so. All of its words stand in what they say of
 * themselves, or it stands as it is in a sentence of which a part is that.
 */
export function isSaidOfSelf({ value, isIdentity }: Said, own: string): boolean {
  const denials = countOf(DENIAL, value);
  for (const sentence of sentencesOf(withoutReminder(own))) {
    const clauses = clausesOfSelf(sentence, { isIdentity, isDenied: denials > 0 });
    // "I never work on Fridays" bears out no "work on Fridays".
    const bearing = clauses.filter((clause) => isIdentity || countOf(DENIAL, clause) === denials);
    if (isWordedIn(value, bearing)) return true;
    if (new Grounds(bearing).touches(value) && new Grounds([sentence]).holds(value)) return true;
  }
  return false;
}

/** The person says anything of themselves. */
export function speaksOfSelf(own: string): boolean {
  return [...sentencesOf(withoutReminder(own))].some(
    (sentence) => clausesOfSelf(sentence, { isIdentity: false, isDenied: true }).length > 0,
  );
}

function clausesOfSelf(
  sentence: string,
  { isIdentity, isDenied }: { isIdentity: boolean; isDenied: boolean },
): string[] {
  return assertedIn(sentence, { strict: isIdentity || !isDenied })
    .split("\n")
    .map((clause) => clause.replace(LEAD, ""))
    .filter((clause) => TREATED.test(clause) || (isOfSelf(clause) && !(isIdentity && isAside(clause))));
}

function isOfSelf(clause: string): boolean {
  return SELF_FIRST.test(clause) || SELF_LATER.test(clause) || isOfSelfUnspaced(clause);
}

/** It tells of a wish, of a mail, or of somebody or something that is theirs: what it names says nothing of who they are. */
function isAside(clause: string): boolean {
  return WISH.test(clause) || (THEIRS.test(clause) && !THEMSELVES.test(clause));
}

/** "Don't forget that I …" denies nothing. */
function withoutReminder(own: string): string {
  return own.replace(REMINDER, " ");
}

function countOf(words: RegExp, text: string): number {
  return text.match(words)?.length ?? 0;
}

const REMINDER =
  /(?<!\p{L})(?:(?:please )?(?:do not|don['’]t) forget,?(?: that)?|vergiss (?:bitte )?nicht,?(?: dass)?|n['’]oublie pas que?|no olvides que|non dimenticare che)(?!\p{L})/giu;

const DENIAL =
  /(?<!\p{L})(?:not|no|never|nothing|none|nobody|neither|nor|cannot|without|nicht|kein\p{L}{0,2}|nie|niemals|nichts|niemand|ohne|ne|n['’](?=\p{L})|jamais|rien|aucune?|sans|nunca|jamás|nada|nadie|ningún|ninguna?|tampoco|sin|non|mai|niente|nulla|nessuno|nessuna|senza)(?!\p{L})|n['’]t(?!\p{L})|ない|ません|なし|不|没|别|勿/giu;

/** What a sentence may begin with before it comes to who speaks. */
const LEAD = new RegExp(
  `^(?:(?:(?:${[
    "and|also|so|from (?:now|today) on|yes|yeah|no|well|hi|hello|hey|oh|btw|by the way|fyi|actually|now|today|currently|because|since|that",
    "(?:please )?(?:remember|note|know|keep in mind)(?: that)?|for the record|(?:can|could|will|would) you (?:please )?(?:remember|note)(?: that)?",
    "und|auch|ab (?:jetzt|sofort|heute)|ja|nein|hallo|übrigens|eigentlich|jetzt|nun|weil|da|denn|dass|(?:bitte )?merke? dir(?: bitte)?|denk daran",
    "et|à partir de maintenant|oui|bonjour|salut|car|parce que|que|en fait|désormais|maintenant|(?:retiens|note|rappelle-toi|souviens-toi) que",
    "sí|a partir de ahora|hola|además|porque|pues|ahora|(?:recuerda|anota|ten en cuenta) que",
    "e|ed|d['’]ora in poi|sì|ciao|inoltre|perché|ora|adesso|che|(?:ricorda|ricordati|nota) che",
  ].join(
    "|",
  )})(?!\\p{L})|qu['’]|はい|いいえ|実は|ちなみに|それから|其实|现在|另外|对了|请?记住|请?记得)[\\s,!、，。]*)+`,
  "iu",
);

const SELF_FIRST = new RegExp(
  `^(?:${[
    "i|i['’](?:m|ve|d|ll)|my|mine|we|our|we['’](?:re|ve|ll)",
    "ich|\\p{L}+e ich|bin ich|mein(?:e|er|em|en)?|mir|mich|wir|unser(?:e|er|em|en)?",
    "je|j['’]\\p{L}+|mon|ma|mes|moi|nous|notre|nos",
    "yo|mi|mis|me (?:llamo|mudé|gusta|gustan|dedico|apellido)|a mí|soy|estoy|vivo|vivimos|trabajo|tengo|prefiero|hablo|nací|uso|odio",
    "io|mio|mia|miei|mie|il mio|la mia|i miei|le mie|mi (?:chiamo|piace|piacciono|sono|trasferisco)|sono|abito|vivo|lavoro|ho|preferisco|parlo|uso|odio",
  ].join("|")})(?!\\p{L})`,
  "iu",
);
/** "In Bern wohne ich", "Since May I work from home": after what says where or when. */
const SELF_LATER =
  /^(?:in|at|on|since|from|after|until|for|as|usually|often|sometimes|im|am|an|seit|ab|von|nach|bis|zur|zum|zu|bei|als|meistens|oft|geboren|depuis|à|en|dans|chez|comme|desde|como|da|dal|a)(?!\p{L})[^.!?]{0,80}(?<!\p{L})(?:i|i['’]m|ich|je|j['’]\p{L}+|yo|io)(?!\p{L})/iu;

/** How the assistant is to call or answer them. */
const TREATED = new RegExp(
  [
    "^(?:please |always |just |only |from now on |(?:you|people|friends|everyone|everybody) (?:can |may |should |all )?)*(?:calls?|address|greet) me(?!\\p{L})",
    "^(?:please |always |only |from now on )*(?:answer|reply|respond|speak|talk|write)(?: (?:to me|me|always|only))* (?:in|with|using|as|briefly|formally|informally)(?!\\p{L})(?!.* to (?!me(?!\\p{L})))",
    "^(?:please |always )*keep your (?:answers|replies)(?!\\p{L})",
    "^(?:bitte |immer |nur |du kannst |sie können )*(?:nenne?n? (?:sie )?mich|mich .{1,60} nennen|sprich mich|sprechen sie mich|duze mich|sieze mich)",
    "^(?:bitte |immer |nur )*(?:antworte|antworten sie|schreibe? mir|rede|sprich|sprechen sie)(?: (?:mit mir|mir|bitte|immer|nur|stets))* (?:auf|in|mit|kurz|knapp|ausführlich)(?!\\p{L})",
    "^(?:tu peux |vous pouvez )?(?:m['’]appeler|appelle(?:z)?[- ]moi|tutoie[- ]moi|vouvoie[- ]moi)",
    "^(?:réponds|répondez|parle|parlez|écris|écrivez)(?:[- ]moi)?(?: toujours| seulement)? (?:en|avec|brièvement)(?!\\p{L})",
    "^(?:por favor |siempre )*(?:llámame|puedes llamarme|tutéame)(?!\\p{L})",
    "^(?:por favor |siempre )*(?:respóndeme|contéstame|háblame|escríbeme|responde|contesta)(?: siempre| solo)? (?:en|con|brevemente)(?!\\p{L})",
    "^(?:per favore |sempre )*(?:chiamami|puoi chiamarmi|dammi del)(?!\\p{L})",
    "^(?:per favore |sempre )*(?:rispondimi|parlami|scrivimi|rispondi)(?: sempre| solo)? (?:in|con|brevemente)(?!\\p{L})",
    "(?:と|って)呼んで|で(?:答えて|返事|返信して|話して|回答)",
    "^(?:请|你?可以)*(?:叫我|称呼我|(?:一直|总是)?[用以].{1,20}(?:回答|回复|和我说|跟我说))",
  ].join("|"),
  "iu",
);

const WISH =
  /^(?:i(?:['’]d| would)? (?:like|want|need|wish|got|get|received|have (?:to|a (?:mail|message|letter|call))|must|should|wrote|sent|met|read|saw)|(?:ich )?(?:will|möchte|brauche|muss|soll|bekam|habe .{0,40}(?:bekommen|erhalten))|je (?:veux|voudrais|dois)|j['’]ai (?:reçu|besoin)|(?:yo )?(?:quiero|necesito|recibí)|(?:io )?(?:voglio|vorrei|devo))(?!\p{L})(?!.*(?:called|known as|addressed|heißen|genannt|appelé|llamarme|chiamato))|^我(?:想|要|需要|收到)/iu;

const THEIRS =
  /^(?:(?:my|our|mein(?:e|er|em|en)?|unser(?:e|er|em|en)?|mon|ma|mes|notre|nos|mis?(?! (?:chiamo|piace|piacciono|sono|trasferisco))|nuestr[oa]s?|(?:il |la |i |le )?(?:mi[oae]i?|nostr[oaie]))(?!\p{L})|我们?的|[私僕俺]の)/iu;
/** "My name" says who they are, "my friend" and "my meeting" do not. */
const THEMSELVES = new RegExp(
  `^(?:${[
    "(?:my|our)(?: (?:full|first|last|family|given|middle|legal|preferred|display|real|new|current|home|work|private|mobile|phone|postal|native|mother|own|job|date of|place of))* (?:(?:sur|nick)?name|city|town|home|country|nationality|address|e-?mail|phone|mobile|number|birth\\p{L}*|age|language|tongue|time ?zone|job|work|role|position|profession|occupation|title|employer|company|workplace|pronouns?|gender|religion|location|residence|hometown|locale)",
    "(?:mein|unser)(?:e|er|em|en)?(?: (?:neue|aktuelle|vollständige|private|richtige)\\p{L}?)? (?:(?:vor|nach|spitz|familien)?name|stadt|wohnort|heimat\\p{L}*|zuhause|land|adresse|anschrift|e-?mail(?:-?adresse)?|telefon\\p{L}*|handy\\p{L}*|nummer|geburts\\p{L}+|alter|sprache|muttersprache|zeitzone|job|beruf|arbeit(?:geber|geberin|sort|splatz)?|rolle|position|stelle|firma|unternehmen|pronomen|geschlecht|religion|familienstand|staatsangehörigkeit)",
    "(?:mon|ma|mes|notre|nos)(?: (?:nouvelle?|vrai))? (?:nom|prénom|surnom|ville|domicile|pays|nationalité|adresse|e-?mail|courriel|téléphone|numéro|anniversaire|date de naissance|lieu de naissance|âge|langue|fuseau|métier|travail|emploi|poste|rôle|profession|employeur|entreprise|société|pronoms?)",
    "(?:mis?|nuestr[oa]s?)(?: (?:nuev[oa]|verdadero))? (?:nombre|apellidos?|apodo|ciudad|casa|país|nacionalidad|dirección|correo|e-?mail|teléfono|número|cumpleaños|fecha de nacimiento|edad|idioma|lengua|zona|huso|trabajo|puesto|rol|profesión|empresa|empleador|pronombres?)",
    "(?:il |la |i |le )?(?:mi[oae]i?|nostr[oaie])(?: (?:nuov[oa]|vero))? (?:nome|cognome|soprannome|città|casa|paese|nazionalità|indirizzo|e-?mail|telefono|numero|compleanno|data di nascita|età|lingua|fuso|lavoro|ruolo|professione|azienda|ditta|datore|pronomi?)",
  ].join(
    "|",
  )})(?!\\p{L})|^我们?的(?:全?名|名字|姓|昵称|城市|家|国|地址|邮箱|邮件地址|电话|手机|生日|年龄|语言|母语|时区|工作|职|公司|雇主)|^[私僕俺]の(?:名前|氏名|名字|苗字|姓|あだ名|街|町|都市|家|国|住所|メールアドレス|電話|誕生日|生年月日|年齢|言語|母語|タイムゾーン|仕事|職|会社|勤務先|役職)`,
  "iu",
);

/** Japanese and Chinese leave out who speaks, and ask with the same words for themselves. */
function isOfSelfUnspaced(clause: string): boolean {
  if (/^(?:我(?!们?的?(?:邮件|信))|本人|咱)/u.test(clause)) return true;
  if (/(?:て|てください|てくれ|てほしい|ください|お願いします?)[。！!\s]*$/u.test(clause)) return false;
  return /(?:私|僕|俺|わたし|ぼく)(?:は|が|の|も|たち)|と申します|に住んで(?:い)?ます|に引っ越しました/u.test(
    clause,
  );
}
