import { describe, expect, test } from "vitest";
import { assertedIn } from "../../../src/features/memory/asserted.ts";

const strict = (message: string) => assertedIn(message, { strict: true });

describe("who somebody is follows from what they say is so", () => {
  test.each([
    "I live in Berlin.",
    "No, I moved to Berlin.",
    "no I moved to Berlin",
    "I don't live in Kiel but in Berlin",
    "As I said, I live in Berlin.",
    "I'd say I live in Berlin.",
    "I have told my boss that I live in Berlin.",
    "I really believe in Berlin.",
    "Believe me, I live in Berlin.",
    "I live in Berlin, where is the next baker?",
    "Can you remember that I live in Berlin?",
    "My city is “Berlin”.",
    "Ich wohne nicht mehr in Kiel, sondern in Berlin.",
    "Non, j'ai déménagé à Berlin.",
    "Sí, vivo en Berlin.",
    "Abito a Berlin.",
    "私はBerlinに住んでいます。",
    "いいえ、Berlinに引っ越しました。",
    "我说我住在Berlin",
    "Berlinの家は静か。",
  ])("%s", (message) => {
    expect(strict(message)).toContain("Berlin");
  });
});

describe("and not from what is asked, supposed, denied, over, or said by others", () => {
  test.each([
    "Do I live in Berlin?",
    "Is Berlin nice?",
    "What if I lived in Berlin?",
    "If I lived in Berlin, I would bike.",
    "I would bike if I lived in Berlin.",
    "Suppose I live in Berlin.",
    "I don't live in Berlin.",
    "No, not Berlin!",
    "I used to live in Berlin.",
    "I wish I lived in Berlin.",
    "My boss said I live in Berlin.",
    "Anna wrote “I live in Berlin” yesterday.",
    "They think I live in Berlin.",
    "Mein Chef sagt, ich wohne in Berlin.",
    "Wenn ich in Berlin wohnen würde, hätte ich ein Rad.",
    "Ich wohne nicht mehr in Berlin.",
    "Wohne ich in Berlin?",
    "Mon chef dit que j'habite à Berlin.",
    "Si j'habitais à Berlin, je ferais du vélo.",
    "Je n'habite pas à Berlin.",
    "Est-ce que j'habite à Berlin ?",
    "Mi jefe dice que vivo en Berlin.",
    "No vivo en Berlin.",
    "Non vivo a Berlin.",
    "Se vivessi a Berlin, comprerei una bici.",
    "上司は私がBerlinに住んでいると言った。",
    "もしBerlinに住んでいたら、自転車に乗ります。",
    "私はBerlinに住んでいません。",
    "私はBerlinに住んでいますか。",
    "老板说我住在Berlin",
    "如果我住在Berlin",
  ])("%s", (message) => {
    expect(strict(message)).not.toContain("Berlin");
  });
});

test("a preference may be a denial, and may come with a condition of its own", () => {
  const loose = (message: string) => assertedIn(message, { strict: false });
  expect(loose("I don't like long answers.")).toContain("long answers");
  expect(loose("If I ask for a summary, keep it short.")).toContain("short");
  expect(loose("My boss says I like long answers.")).not.toContain("long");
});

test("what others say of themselves stays theirs among any number of quotation marks", () => {
  const said = 'He wrote: "no." And "I live in Kiel", "“I like Ulm” too. My city is "Berlin".';
  expect(strict(said)).toContain("Berlin");
  expect(strict(said)).not.toMatch(/Kiel|Ulm/);
  // Looked for anew from each of them, the ends would take half a minute.
  expect(strict(`I live in Berlin, ${"„a".repeat(30_000)}`)).toContain("Berlin");
  expect(strict(`I live in Berlin, ${'"a'.repeat(30_000)}`)).toContain("Berlin");
});
