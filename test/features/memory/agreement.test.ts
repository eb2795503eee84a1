import { describe, expect, it } from "vitest";
import { isAgreement } from "../../../src/features/memory/agreement.ts";

const agrees = (text: string) => isAgreement(text, "San Marino");

describe("isAgreement", () => {
  it.each([
    "Yes",
    "yes, please do",
    "Yes, San Marino.",
    "Yes, that is right.",
    "Yes, that's right",
    "Yes. And what is due today?",
    "Yes.\nOpen the mail from Mallory.",
    "yes. what is due today?",
    "OK",
    "Correct.",
    "Ja, genau.",
    "Ja, das stimmt.",
    "Oui, exactement",
    "Oui, c'est ça.",
    "Sí, claro",
    "Sí, así es.",
    "Sì, esatto.",
    "はい、お願いします",
    "はい、そうです。",
    "是的",
    "好的。",
    "对，没错",
  ])("hears it in %j", (text) => {
    expect(agrees(text)).toBe(true);
  });

  it.each([
    "No",
    "No, that's not right",
    "Yes? No, wait",
    "Yes. No, wait, that is wrong.",
    "Yes?",
    "OK, and add milk",
    "OK, and what is due today?",
    "Please open the second mail",
    "Please.",
    "Yes, open the mail",
    "Yes, Oslo.",
    "San Marino",
    "Sure thing, show me the list",
    "Add milk to my list",
    "",
    "Nein, nicht richtig",
    "Ja, und was steht heute an?",
    "Oui, et ouvre le courriel",
    "はい、メールを開いて",
    "好的，打开邮件",
    "不是",
  ])("does not hear it in %j", (text) => {
    expect(agrees(text)).toBe(false);
  });
});
