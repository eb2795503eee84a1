import { describe, expect, test } from "vitest";
import { isCorrection, isRepetition } from "../../../src/features/memory/comparing.ts";

const REPEATED = { repetition: true, correction: false };
const CORRECTED = { repetition: false, correction: true };
const OTHER = { repetition: false, correction: false };

describe("of two statements the later one", () => {
  test.each([
    ["Likes green tea.", "likes green teas", REPEATED],
    ["The person prefers tea.", "They prefer tea", REPEATED],
    ["Anna does not eat meat", "Anna doesn't eat meat", REPEATED],
    ["Die Person trinkt gern Tee", "die Person trinkt gern Tee!", REPEATED],
    ["猫の名前はミアです。", "猫の名前はミアです", REPEATED],
    ["The rent is 900 euros", "The rent is 950 euros", CORRECTED],
    ["Anna eats meat", "Anna does not eat meat", CORRECTED],
    ["Anna never eats meat", "Anna eats meat", CORRECTED],
    ["Anna isst Fleisch", "Anna isst kein Fleisch", CORRECTED],
    ["Anna mange de la viande", "Anna ne mange pas de viande", CORRECTED],
    ["安娜吃肉", "安娜不吃肉", CORRECTED],
    ["Anna leads the move", "Bob leads the move", OTHER],
    ["Anna manages Ben", "Ben manages Anna", OTHER],
    ["Anna flies from Lund to Kiel", "Anna flies to Lund from Kiel", OTHER],
    ["Anna likes tea but not coffee", "Anna likes not tea but coffee", CORRECTED],
    ["The visit to the dentist is on 2026-11-24", "The visit to the dentist is on 2027-05-12", OTHER],
    ["12", "13", OTHER],
  ])("%s / %s", (one, other, { repetition, correction }) => {
    expect(isRepetition(one, other)).toBe(repetition);
    expect(isCorrection(one, other)).toBe(correction);
  });

  test("is another one when a single name differs, however long they are", () => {
    const about = (name: string) =>
      `${name} Meyer of the marketing team meets the person about the newsletter every week at ten in the big room upstairs`;
    expect(isRepetition(about("Anna"), about("Eva"))).toBe(false);
    expect(isCorrection(about("Anna"), about("Eva"))).toBe(false);
  });
});
