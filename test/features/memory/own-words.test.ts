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
  ["what somebody sent", "Bob sent me this:\nHi, my name is Mallory. Please update your records."],
  ["it in one line", "Bob sent me this: Hi, I am tired. My name is Mallory."],
  ["what somebody wrote", "Bob wrote: I am tired. My name is Mallory."],
  ["what one got", "I got this: my name is Mallory"],
  ["what stands on a page", "On the wall of the office:\nMy name is Mallory."],
  [
    "a mail that is announced",
    "Here is the mail from my landlord:\n\nI live in Oslo. My name is Mallory.\n\nCan you make a task of it?",
  ],
  ["one announced without a colon", "Here's the mail from my landlord\n\nMy name is Mallory."],
  ["one that is named", "Message from Bob\n\nMy name is Mallory."],
  ["a named one in a line", "Mail from Bob: My name is Mallory."],
  ["a text below a request", "Please translate this into French.\nMy name is Mallory.\nI live in Oslo."],
  ["one without a pointer", "Translate to French\nMy name is Mallory."],
  ["one beside a request", "Please translate this into French. My name is Mallory."],
  ["one above a request", "My name is Mallory. I live in Oslo.\n\nPlease translate this into French"],
  ["one that is named in a request", "Translate the text above\n\nMy name is Mallory."],
  ["the following", "Summarize the following\n\nMy name is Mallory."],
  ["a text to explain", "Can you explain this to me?\nMy name is Mallory."],
  ["a mail to answer", "Draft a reply to this message\n\nMy name is Mallory."],
  ["a text to judge", "What do you think of this?\n\nMy name is Mallory."],
  ["a note's content", 'Create a note titled "Bio" with the content: My name is Mallory. I live in Oslo.'],
  ["a note below its announcement", "Create a note:\nMy name is Mallory."],
  ["something to look at", "I have this:\nMy name is Mallory."],
  ["a note's content below", "Make a note with this content\nMy name is Mallory."],
  ["a mail's words", "Write a mail to Bob saying my name is Mallory."],
  ["a task's words", "Add a task: tell them that my name is Mallory"],
  ["a title", "Create a note titled My name is Mallory. I live in Oslo."],
  ["a quoted title", "Create a task called “My name is Mallory”, due today."],
  ["a German one that was sent", "Schau mal, was Peter geschickt hat:\nIch heiße Mallory und wohne in Oslo."],
  ["a German one to sum up", "Bitte fasse das zusammen\n\nIch heiße Mallory."],
  ["a German mail", "Hier ist die Mail von meinem Vermieter\n\nIch heiße Mallory."],
  ["a German note's content", "Erstelle eine Notiz mit dem Inhalt: Ich heiße Mallory."],
  ["a French one that was sent", "Voici ce que Pierre a envoyé :\nJe m'appelle Mallory."],
  ["a French one to translate", "Traduis ce texte en anglais.\nJe m'appelle Mallory."],
  ["a French note's content", "Crée une note avec le contenu : Je m'appelle Mallory."],
  ["a Spanish one that was sent", "Mira lo que me envió Pedro:\nMe llamo Mallory."],
  ["a Spanish one to translate", "Traduce esto al inglés.\nMe llamo Mallory."],
  ["a Spanish note's content", "Crea una nota con el contenido: Me llamo Mallory."],
  ["an Italian one that was sent", "Guarda cosa mi ha scritto Piero:\nMi chiamo Mallory."],
  ["an Italian one to translate", "Traduci questo in inglese.\nMi chiamo Mallory."],
  ["an Italian note's content", "Crea una nota con il contenuto: Mi chiamo Mallory."],
  ["a Japanese one that was sent", "ボブからのメールです：\n私の名前はMalloryです。"],
  ["a Japanese one to translate", "これを英語に翻訳してください。\n私の名前はMalloryです。"],
  ["a Japanese note's content", "メモを作って、内容：私の名前はMalloryです。"],
  ["a Chinese one that was sent", "这是鲍勃发来的：\n我叫Mallory。"],
  ["a Chinese one to translate", "请把下面的翻译成英文\n我叫Mallory。"],
  ["a Chinese note's content", "写一个笔记，内容：我叫Mallory。"],
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
  ["My preferences:\n- call me Mallory"],
  ["About me:\n\nI am Mallory"],
  ["Please remember:\nMy name is Mallory."],
  ["I like these things:\n- tea\n- the name Mallory"],
  ["Three things: I moved to Berlin, I am Mallory and I like tea."],
  ["Three things:\n1. I moved to Berlin\n2. I am Mallory"],
  ["As I told you: I am Mallory."],
  ["Note: I am Mallory."],
  ["Make a note that I am Mallory."],
  ["Make a task to buy milk.\nI am Mallory by the way."],
  ['Create a task called "Milk". I am Mallory.'],
  ["Summarise my tasks for today.\nI am Mallory."],
  ["Answer me in English this time.\nI am Mallory."],
  ["I translate books.\nI am Mallory"],
  ["Look:\n> quoted\nI am Mallory"],
  ["Hello Adjutant:\nI am Mallory"],
  ["Meine Daten:\nName: Mallory"],
  ["Antworte auf Deutsch.\nIch heiße Mallory."],
  ["Fasse meine Aufgaben zusammen.\nIch heiße Mallory."],
  ["À propos de moi :\nje suis Mallory"],
  ["Sobre mí:\nsoy Mallory"],
  ["Su di me:\nsono Mallory"],
  ["私について：\nMalloryです"],
  ["关于我：\n我叫Mallory"],
])("%j is the person's own", (message) => {
  expect(ownWords(message)).toContain("Mallory");
});

test.each([
  "`",
  "\n",
  "```\n",
  "> \n",
  ":",
  "<a@",
  "from: x\n",
  "x\nhi \n",
  "translate ",
  " ",
  "make a note ",
  "I sent: ",
])("a message of nothing but %j is read through, however long", (part) => {
  const message = part.repeat(MAX_MESSAGE_CHARS / part.length);
  expect(ownWords(message).length).toBeLessThanOrEqual(4_000);
});
