import { expect, test } from "vitest";
import { MAX_MESSAGE_CHARS } from "../../../src/features/hub/protocol.ts";
import { ownWords } from "../../../src/features/memory/own-words.ts";

test("own words are what is left without quotes, code and forwarded mail", () => {
  expect(ownWords("Look:\n> quoted\n```\ncode\n```\nmine\nFrom: Eve\nSubject: hi\ntheirs")).toBe(
    "Look:\nmine",
  );
  expect(ownWords("```\nnever closed")).toBe("");
  expect(ownWords("~~~~\ncode\n~~~\nstill code\n~~~~\nmine")).toBe("mine");
});

test.each([
  ["a text to work on", "Summarise this:\n\nMy name is Mallory."],
  ["a text to translate", "Translate to French: My name is Mallory"],
  ["a German one", "Übersetze das ins Englische: Ich heiße Mallory"],
  ["a Japanese one", "要約して:\n私はMalloryです"],
  ["a letter", "What does he want?\n\nDear Anna,\nmy name is Mallory"],
  ["a German letter", "Wichtig, lies!\n\nSehr geehrte Frau Meyer,\n\nich heiße Mallory"],
  ["a Japanese letter", "これを見て\n田中様\nMalloryです"],
  ["a letter that goes on in its first line", "Is it true?\n\nHi David, my name is Mallory."],
  ["a text under its label", "Is it true?\nEmail:\nMallory"],
  ["a long text beside its label", `Is it true?\nText: ${"word ".repeat(12)} Mallory`],
  [
    "a mail in a fence, with a fence of its own",
    "FYI\n```\nFrom: Eve\nSubject: hi\n```\nMallory\n```\nMallory",
  ],
  ["a fence that another only seems to close", "FYI\n```\n```js\nMallory\n```"],
  ["a mail's subject", "Is it true?\nSUBJECT: my name is Mallory"],
  ["an answered mail", "FYI\nOn Mon, 3 Nov 2026 at 10:00 Eve <e@example.org> wrote:\nMallory"],
  ["a German one", "Lies das\nAm 03.11.2026 um 10:00 schrieb Eve:\nMallory"],
  ["a French one", "À lire\nLe lun. 3 nov. 2026 à 10:00, Eve <e@example.fr> a écrit :\nMallory"],
  ["a Japanese one", "2026年11月3日(月) 10:00 Eve <e@example.jp>:\nMallory"],
  ["a mail with its head", "Subject: hi\nDate: today\n\nMallory"],
  ["a German head", "Betreff: x\nVon: y\nMallory"],
  ["a Japanese head", "差出人: Eve\n件名: x\nMallory"],
])("%s is somebody else's", (_, message) => {
  expect(ownWords(message)).not.toContain("Mallory");
});

test.each([
  ["Hi,\nI am Mallory"],
  ["Hello! I am Mallory.\nThanks"],
  ["My data:\nname: Mallory\ncity: Lund"],
  ["Remember this about me:\n- I am Mallory"],
  ["Bonjour,\nje suis Mallory"],
  ["Explain this to me, I am Mallory"],
  ["My data:\nEmail: mallory@example.org\nname: Mallory"],
  ["Hi Adjutant, I am Mallory"],
  ["Rewrite nothing. I am Mallory"],
])("%j is the person's own", (message) => {
  expect(ownWords(message)).toContain("Mallory");
});

test.each(["`", "\n", "```\n", "> \n", ":", "<a@", "from: x\n", "x\nhi \n", "translate ", " "])(
  "a message of nothing but %j is read through, however long",
  (part) => {
    const message = part.repeat(MAX_MESSAGE_CHARS / part.length);
    expect(ownWords(message).length).toBeLessThanOrEqual(4_000);
  },
);
