/** What is left of a model's notes that the person's words do not bear out, in the languages that the rules read. */
import { describe, expect, test } from "vitest";
import { assertedIn } from "../../../src/features/memory/asserted.ts";
import type { Known } from "../../../src/features/memory/extract.ts";
import { merge } from "../../../src/features/memory/merge.ts";
import { Grounds, ownWords } from "../../../src/features/memory/own-words.ts";
import type { Extraction } from "../../../src/features/memory/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { fact, START_MS, statement } from "./items.ts";

const NOW = START_MS + 1_000;
const making = { now: NOW, newId: () => newId(NOW) };
const none: Known = { core: [], statements: [] };

function learnt(message: string, noted: Partial<Extraction>, known = none) {
  const extraction = { facts: [], statements: [], summary: null, ...noted };
  const exchange = { requestId: "turn-9", at: NOW, said: message, confirmed: [] };
  return merge(known, extraction, exchange, making);
}

/** Texts of what is new when the model notes a fact or a statement with the whole message as its quote. */
function asFact(message: string, key: string, value: string, quote = message): string[] {
  const { changes } = learnt(message, { facts: [{ key, value, quote }] });
  return changes.map(({ item }) => (item.body.tier === "core" ? item.body.value : ""));
}

function asStatement(message: string, text: string, quote = message): string[] {
  const { changes } = learnt(message, { statements: [{ statement: text, quote, confidence: 0.7 }] });
  return changes.map(({ item }) => (item.body.tier === "associative" ? item.body.statement : ""));
}

describe("what is said in other languages", () => {
  test.each([
    ["Ich wohne in Wien.", "city", "Wien"],
    ["Antworte mir bitte immer auf Deutsch.", "language", "Deutsch"],
    ["Antworte mir bitte immer auf Deutsch.", "language", "German"],
    ["Réponds-moi toujours en français.", "language", "French"],
    ["Respóndeme siempre en español.", "language", "Spanish"],
    ["Rispondimi sempre in italiano.", "language", "Italian"],
    ["日本語で答えてください。", "language", "Japanese"],
    ["请用中文回答。", "language", "Chinese"],
    ["私は東京に住んでいます。", "city", "東京"],
    ["我住在北京。", "city", "北京"],
    ["我喜欢喝茶。", "drink", "茶"],
    ["Я живу в Киеве.", "city", "Киев"],
    ["Mieszkam w Warszawie.", "city", "Warszawa"],
    ["Habito en Córdoba.", "city", "Cordoba"],
  ])("%s teaches that %s is %s", (message, key, value) => {
    expect(asFact(message, key, value)).toEqual([value]);
  });

  test.each([
    ["Ich wohne in Wien.", "city", "Vienna"],
    ["私は東京に住んでいます。", "city", "Oslo"],
    ["私は東京に住んでいます。", "city", "オスロです"],
    ["Antworte bitte auf Deutsch.", "language", "French"],
    ["I live in Marseille.", "city", "Mars"],
    ["Call me at 4711.", "phone", "4712"],
    ["Я не живу в Киеве.", "city", "Киев"],
  ])("%s does not teach that %s is %s", (message, key, value) => {
    expect(asFact(message, key, value)).toEqual([]);
  });

  test.each([
    ["Ich bin gegen Nüsse allergisch.", "Die Person ist gegen Nüsse allergisch."],
    ["Soy alérgico a los cacahuetes.", "La persona es alérgica a los cacahuetes."],
    ["飼い猫の名前はタマです。", "飼い猫の名前はタマ。"],
  ])("%s becomes a statement in its own language", (message, text) => {
    expect(asStatement(message, text)).toEqual([text]);
  });

  test("a translated statement is dropped, and one that has nothing but small words in common", () => {
    expect(asStatement("Soy alérgico a los cacahuetes.", "The person is allergic to nuts.")).toEqual([]);
    expect(asStatement("私は猫が好きです。", "ボブはオスロに住んでいます。")).toEqual([]);
  });

  test("a quote is found wherever its words end in a script without spaces", () => {
    const own = new Grounds(["私は東京都に住んでいます。"]);
    expect(own.holds("東京都に住んで")).toBe(true);
    expect(own.holds("京都に住む")).toBe(false);
  });

  test("the month of May is no Italian never, and a house number no denial", () => {
    expect(asFact("Ich habe am 3. Mai Geburtstag.", "birthday", "3. Mai")).toEqual(["3. Mai"]);
    expect(asFact("My address is Main Street No. 5.", "address", "Main Street No. 5")).toHaveLength(1);
  });
});

describe("what is taken back", () => {
  const MESSAGES = [
    "Forget that I live in Oslo.",
    "Please forget I live in Oslo",
    "Hey, forget that I live in Oslo, my name is not for you.",
    "Don't remember that I live in Oslo.",
    "Please do not store that I live in Oslo.",
    "Stop assuming that I live in Oslo.",
    "It's false that I live in Oslo.",
    "It is not true that I live in Oslo.",
    "It isn't true that I live in Oslo.",
    "That I live in Oslo is wrong.",
    "Forget the following: I like tea. I live in Oslo.",
    "Can you please forget that I live in Oslo?",
    "I want you to forget that I live in Oslo.",
    "Disregard that I live in Oslo.",
    "Kannst du bitte vergessen, dass ich in Oslo wohne?",
    "Peux-tu oublier que j'habite à Oslo ?",
    "¿Puedes olvidar que vivo en Oslo?",
    "Puoi dimenticare che vivo a Oslo?",
    "Vergiss, dass ich in Oslo wohne.",
    "Bitte vergessen Sie, dass ich in Oslo wohne.",
    "Es stimmt nicht, dass ich in Oslo wohne.",
    "Dass ich in Oslo wohne, stimmt nicht.",
    "Merk dir nicht, dass ich in Oslo wohne.",
    "Oublie que j'habite à Oslo.",
    "C'est faux que j'habite à Oslo.",
    "Olvida que vivo en Oslo.",
    "No es verdad que vivo en Oslo.",
    "Dimentica che vivo a Oslo.",
    "È falso che vivo a Oslo.",
    "私がOsloに住んでいることは忘れて。",
    "Osloに住んでいると覚えないで。",
    "忘掉我住在Oslo。",
    "我住在Oslo是假的。",
  ];
  test.each(MESSAGES)("%s teaches nothing, and makes nothing stronger", (message) => {
    expect(asFact(message, "city", "Oslo")).toEqual([]);
    expect(asFact(message, "favourite_town", "Oslo")).toEqual([]);
    expect(asStatement(message, "The person lives in Oslo.")).toEqual([]);
    expect(asStatement(message, "The person lives in Oslo.", "Oslo")).toEqual([]);
    const home = statement("The person lives in Oslo.");
    const noted = { statements: [{ statement: "The person lives in Oslo.", quote: message, confidence: 1 }] };
    expect(learnt(message, noted, { core: [], statements: [home] }).changes).toEqual([]);
    const known = { core: [fact("city", "Oslo")], statements: [] };
    const city = { facts: [{ key: "city", value: "Oslo", quote: message }] };
    expect(learnt(message, city, known).changes).toEqual([]);
  });

  test.each([
    "Don't forget that I live in Oslo.",
    "Never forget that I live in Oslo!",
    "Forget Kiel; I live in Oslo.",
    "Forget Kiel. I live in Oslo.",
    "I always forget names, but I live in Oslo.",
    "Vergiss nicht, dass ich in Oslo wohne.",
    "Vergiss Kiel, sondern ich wohne in Oslo.",
    "N'oublie pas que j'habite à Oslo.",
    "No olvides que vivo en Oslo.",
    "Non dimenticare che vivo a Oslo.",
    "Osloに住んでいることを忘れないでください。",
    "别忘了我住在Oslo。",
  ])("%s is said", (message) => {
    const quote = /[^;.,]*Oslo[^;.,]*/.exec(message)?.[0];
    expect(asFact(message, "city", "Oslo", quote)).toEqual(["Oslo"]);
  });
});

describe("what is denied", () => {
  test.each([
    ["Never approve payments above 100 euros automatically.", "payments", "approve payments automatically"],
    ["Do not email Mallory ever.", "always_cc", "email Mallory"],
    ["Do not, under any circumstances, email Mallory.", "always_cc", "email Mallory"],
    ["Please don't call me Al.", "greeting", "Al"],
    ["Avoid emailing Mallory.", "always_cc", "Mallory"],
    ["Genehmige niemals Zahlungen automatisch.", "zahlungen", "Zahlungen automatisch genehmigen"],
    ["N'écris jamais à Mallory.", "always_cc", "écris à Mallory"],
    ["No escribas nunca a Mallory.", "always_cc", "escribas a Mallory"],
    ["Non scrivere mai a Mallory.", "always_cc", "scrivere a Mallory"],
    ["Malloryにメールしないでください。", "always_cc", "Malloryにメール"],
    ["不要给Mallory发邮件。", "always_cc", "给Mallory发邮件"],
  ])("%s bears out no %s", (message, key, value) => {
    expect(asFact(message, key, value)).toEqual([]);
    expect(asStatement(message, value)).toEqual([]);
  });

  test.each([
    ["Never approve payments automatically.", "payments", "never approve automatically"],
    ["I don't like mushrooms.", "dislikes", "mushrooms"],
    ["I don't eat nuts.", "diet", "no nuts"],
    ["Ich esse kein Fleisch.", "diet", "kein Fleisch"],
    ["Do not email Bob, but email Anna.", "always_cc", "Anna"],
    ["No, email Anna.", "always_cc", "Anna"],
    ["My favourite band is No Doubt.", "band", "No Doubt"],
    ["I can't live without coffee.", "likes", "coffee"],
  ])("%s bears out %s: %s", (message, key, value) => {
    expect(asFact(message, key, value)).toEqual([value]);
  });

  test("a statement is borne out by the clause it is quoted from, whatever else is denied", () => {
    const message = "I don't live in Kiel but in Lund, and Anna never drinks tea. Bob drinks tea.";
    expect(
      asStatement(message, "The person lives in Lund.", "I don't live in Kiel but in Lund"),
    ).toHaveLength(1);
    expect(asStatement(message, "The person lives in Kiel.", "live in Kiel")).toEqual([]);
    expect(asStatement(message, "Anna drinks tea.", "Anna never drinks tea")).toEqual([]);
    expect(asStatement(message, "Anna never drinks tea.", "Anna never drinks tea")).toHaveLength(1);
    expect(asStatement(message, "Bob drinks tea.", "Bob drinks tea")).toHaveLength(1);
  });
});

describe("what holds no more", () => {
  const employer = () => fact("employer", "Siemens");
  const ending = (message: string, noted: Extraction["ended"], known: Known) =>
    learnt(message, { ended: noted }, known).changes.map(({ kind, item }) => [kind, item.id, item.validTo]);

  test.each([
    "I no longer work at Siemens.",
    "I don't work at Siemens any more.",
    "I do not work for Siemens anymore",
    "I quit Siemens.",
    "Ich arbeite nicht mehr bei Siemens.",
    "Ich bin kein Angestellter von Siemens mehr.",
    "Je ne travaille plus chez Siemens.",
    "Ya no trabajo en Siemens.",
    "Non lavoro più alla Siemens.",
    "もうSiemensで働いていません。",
    "我不再在Siemens工作。",
    "Forget that I work at Siemens.",
  ])("%s ends a fact", (message) => {
    const known = { core: [employer(), fact("name", "Ana")], statements: [] };
    const noted = [{ key: "company", quote: message }];
    expect(ending(message, noted, known)).toEqual([["supersede", known.core[0]?.id, NOW]]);
  });

  test.each([
    "I work at Siemens.",
    "I do not like Siemens.",
    "Do I no longer work at Siemens?",
    "If I no longer work at Siemens, tell me.",
    "Bob said I no longer work at Siemens.",
    "Bob sent me this:\nI no longer work at Siemens.",
    "I no longer work at Bosch. I work at Siemens.",
    "I no longer drink tea.",
  ])("%s ends none", (message) => {
    const known = { core: [employer()], statements: [] };
    const quotes = [message, "I no longer work at Siemens", "Siemens", "no longer"];
    for (const quote of quotes) expect(ending(message, [{ key: "employer", quote }], known)).toEqual([]);
  });

  test("it ends a statement by its number, once, and nothing that the same notes change anyway", () => {
    const known = { core: [], statements: [statement("Anna leads the move"), statement("Bob rows")] };
    const noted = [
      { statement: 2, quote: "Bob no longer rows" },
      { statement: 2, quote: "Bob no longer rows" },
      { statement: 9, quote: "Bob no longer rows" },
      { statement: 1, quote: "Bob no longer rows" },
    ];
    expect(ending("Bob no longer rows.", noted, known)).toEqual([
      ["supersede", known.statements[1]?.id, NOW],
    ]);
    const message = "I no longer work at Siemens but at Bosch";
    const core = [employer()];
    const moved = learnt(
      message,
      {
        facts: [{ key: "employer", value: "Bosch", quote: message }],
        ended: [{ key: "employer", quote: message }],
      },
      { core, statements: [] },
    );
    expect(moved.questions).toMatchObject([{ known: "Siemens", proposed: "Bosch" }]);
    expect(moved.changes.map(({ kind, item }) => [kind, item.id])).toEqual([["supersede", core[0]?.id]]);
  });
});

test("what others say in quotation marks stays theirs over several sentences", () => {
  const own =
    'Bob wrote "I am tired. My name is Bob. I live in Kiel." My 27" screen is new, I live in Berlin, and it is 24" high.';
  const said = assertedIn(ownWords(own), { strict: true });
  expect(said).toContain("Berlin");
  expect(said).not.toMatch(/Kiel|name is Bob/);
});
