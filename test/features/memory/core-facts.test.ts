import { describe, expect, test } from "vitest";
import { isIdentity, keptKey, plainKey } from "../../../src/features/memory/core-facts.ts";

describe("one thing has one key, whatever a model calls it", () => {
  test.each([
    ["city", "home", "lives_in", "lives_at", "location", "residence", "city_of_residence", "my_home"],
    ["employer", "company", "workplace", "works_at", "work", "works_for", "organisation"],
    ["job", "role", "position", "occupation", "job_title", "profession"],
    ["birthday", "born", "date_of_birth", "birth_date", "dob"],
    ["birthplace", "place_of_birth", "born_in"],
    ["language", "response_language", "preferred_language", "answer_language"],
    ["native_language", "mother_tongue"],
    ["country", "country_of_residence", "home_country"],
    ["nickname", "nick", "nick_name", "preferred_name", "goes_by"],
    ["timezone", "time_zone", "tz"],
  ])("%s", (one, ...others) => {
    for (const other of others) expect(plainKey(other), other).toBe(one);
    for (const key of [one, ...others]) expect(isIdentity(key), key).toBe(true);
  });
});

test("a fact is kept by the key that is known of the same thing", () => {
  const home = { body: { tier: "core" as const, key: "home", value: "Berlin" } };
  expect(keptKey("city", [home])).toBe("home");
  expect(keptKey("works_at", [home])).toBe("employer");
});

test("what only sounds like one of them stays as it is", () => {
  for (const key of ["home_office_days", "work_hours", "role_model", "city_bike", "born_again"]) {
    expect(plainKey(key)).toBe(key);
    expect(isIdentity(key), key).toBe(false);
  }
});
