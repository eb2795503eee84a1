import { describe, expect, test } from "vitest";
import { isSaidOfSelf, speaksOfSelf } from "../../../src/features/memory/of-self.ts";

const isIdentity = true;
const says = (message: string, value: string) => isSaidOfSelf({ value, isIdentity }, message);
const prefers = (message: string, value: string) => isSaidOfSelf({ value, isIdentity: false }, message);

describe("who somebody is follows from what they say of themselves, and how they want to be treated", () => {
  test.each([
    ["My name is Ana.", "Ana"],
    ["Hi, I'm Ana Lima!", "Ana Lima"],
    ["I live in Lyon, France.", "Lyon, France"],
    ["Please remember that I work for Siemens.", "Siemens"],
    ["Don't forget that my city is Oslo.", "Oslo"],
    ["Call me Al.", "Al"],
    ["From now on my name is Berta.", "Berta"],
    ["Ab jetzt heiße ich Berta.", "Berta"],
    ["You can call me Al", "Al"],
    ["I would like to be called Berta.", "Berta"],
    ["Answer me in German, please.", "German"],
    ["From now on answer in German.", "German"],
    ["In 2020 I moved to Oslo.", "Oslo"],
    ["My e-mail address is ana@example.org.", "ana@example.org"],
    ["My new employer is Siemens.", "Siemens"],
    ["My favourite city is where I live, and I live in Oslo.", "Oslo"],
    ["Meine Zeitzone ist Europe/Oslo.", "Europe/Oslo"],
    ["Mon anniversaire est le 3 mai.", "3 mai"],
    ["Mi nombre es Ana.", "Ana"],
    ["La mia città è Oslo.", "Oslo"],
    ["我的名字是Ana。", "Ana"],
    ["Ich heiße Ana.", "Ana"],
    ["Seit Juni wohne ich in Oslo.", "Oslo"],
    ["Nenn mich Al.", "Al"],
    ["Du kannst mich Al nennen.", "Al"],
    ["Antworte mir bitte auf Deutsch.", "Deutsch"],
    ["Merk dir, dass mein Name Ana ist.", "Ana"],
    ["Je m'appelle Ana.", "Ana"],
    ["J'habite à Lyon.", "Lyon"],
    ["Appelle-moi Al.", "Al"],
    ["Réponds-moi en allemand.", "allemand"],
    ["Me llamo Ana.", "Ana"],
    ["Vivo en Oslo.", "Oslo"],
    ["Llámame Al.", "Al"],
    ["Respóndeme en alemán.", "alemán"],
    ["Mi chiamo Ana.", "Ana"],
    ["Abito a Oslo.", "Oslo"],
    ["Chiamami Al.", "Al"],
    ["Rispondimi in tedesco.", "tedesco"],
    ["私の名前はAnaです。", "Ana"],
    ["Osloに住んでいます。", "Oslo"],
    ["Alと呼んでください。", "Al"],
    ["日本語で答えてください。", "日本語"],
    ["我叫Ana。", "Ana"],
    ["我住在Oslo。", "Oslo"],
    ["请叫我Al。", "Al"],
    ["请用德语回答。", "德语"],
  ])("%s → %s", (message, value) => {
    expect(says(message, value)).toBe(true);
    expect(speaksOfSelf(message)).toBe(true);
  });
});

describe("and not from what they ask for, wonder about, suppose, deny, or tell of others", () => {
  test.each([
    ["Open the mail from Mallory.", "Mallory"],
    ["Summarise the contract with Siemens for me.", "Siemens"],
    ["Please look up the Oslo office handbook.", "Oslo"],
    ["Show me the mail from Mallory.", "Mallory"],
    ["Open my mail from Mallory.", "Mallory"],
    ["Remind me to call Mallory.", "Mallory"],
    ["Reply to Mallory that I will come", "Mallory"],
    ["Answer in German to Mallory.", "German"],
    ["I need to reply to Siemens.", "Siemens"],
    ["I got a mail from Mallory.", "Mallory"],
    ["Mallory is here, and I am well.", "Mallory"],
    ["Is my name Mallory?", "Mallory"],
    ["If I lived in Oslo, I would ski.", "Oslo"],
    ["I do not live in Oslo.", "Oslo"],
    ["My boss says I live in Oslo.", "Oslo"],
    ["Anna wrote “I live in Oslo”.", "Oslo"],
    ["Do not call me Berta.", "Berta"],
    ["My name is Ana.", "Mallory"],
    ["My name is Ana.", "Ana Mallory"],
    ["My friend lives in Oslo.", "Oslo"],
    ["My meeting with Siemens is at three.", "Siemens"],
    ["My wife's name is Eva.", "Eva"],
    ["My project name is Apollo.", "Apollo"],
    ["Mein Kollege wohnt in Oslo.", "Oslo"],
    ["Mon amie s'appelle Eva.", "Eva"],
    ["Mi amigo vive en Oslo.", "Oslo"],
    ["La mia amica abita a Oslo.", "Oslo"],
    ["私の友達はOsloに住んでいます。", "Oslo"],
    ["我的朋友住在Oslo。", "Oslo"],
    ["Öffne die Mail von Mallory.", "Mallory"],
    ["Zeig mir die Mail von Mallory.", "Mallory"],
    ["Ich brauche den Vertrag mit Siemens.", "Siemens"],
    ["Nenn mich nicht Berta.", "Berta"],
    ["Ouvre le courriel de Mallory.", "Mallory"],
    ["Réponds à Mallory en allemand.", "allemand"],
    ["Je voudrais le contrat de Siemens.", "Siemens"],
    ["Abre el correo de Mallory.", "Mallory"],
    ["No vivo en Oslo.", "Oslo"],
    ["Apri la mail di Mallory.", "Mallory"],
    ["Non abito a Oslo.", "Oslo"],
    ["私にMalloryのメールを見せてください。", "Mallory"],
    ["Malloryのメールを開いて。", "Mallory"],
    ["帮我打开Mallory的邮件。", "Mallory"],
    ["我想看Mallory的邮件。", "Mallory"],
  ])("%s → not %s", (message, value) => {
    expect(says(message, value)).toBe(false);
  });
});

describe("a preference is what they said, and not the opposite of it", () => {
  test.each([
    ["I never work on Fridays.", "never works on Fridays"],
    ["I don't drink coffee.", "does not drink coffee"],
    ["I like short answers.", "short answers"],
    ["My dog is called Rex.", "Rex"],
    ["Ich trinke keinen Kaffee.", "keinen Kaffee"],
    ["Je ne bois jamais de café.", "ne bois jamais de café"],
  ])("%s → %s", (message, value) => {
    expect(prefers(message, value)).toBe(true);
  });

  test.each([
    ["I never work on Fridays.", "work on Fridays"],
    ["I don't drink coffee.", "drink coffee"],
    ["Never approve payments above 100 euros automatically.", "approve payments automatically"],
    ["Do not email Mallory ever.", "email Mallory"],
    ["Delete nothing without asking me first.", "delete without asking"],
    ["I want you to delete nothing without asking.", "delete without asking"],
    ["Ich trinke keinen Kaffee.", "trinke Kaffee"],
    ["Je ne bois jamais de café.", "bois café"],
    ["No bebo nunca café.", "bebo café"],
    ["Non bevo mai caffè.", "bevo caffè"],
    ["私はコーヒーを飲みません。", "コーヒーを飲み"],
    ["我不喝咖啡。", "喝咖啡"],
  ])("%s → not %s", (message, value) => {
    expect(prefers(message, value)).toBe(false);
  });
});

test("nobody speaks of themselves who only asks for something", () => {
  for (const message of [
    "Summarise my notes.",
    "Open the mail from Mallory.",
    "Yes, please.",
    "What is due?",
  ])
    expect(speaksOfSelf(message), message).toBe(false);
});
