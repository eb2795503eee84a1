import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CORE_BYTES_MAX, coreBytes, isIdentity } from "../../../src/features/memory/core-facts.ts";
import type { Exchange } from "../../../src/features/memory/extract.ts";
import { isLive } from "../../../src/features/memory/item.ts";
import { confirmedCore, merge, type Origin, proposeCore } from "../../../src/features/memory/merge.ts";
import { Grounds } from "../../../src/features/memory/own-words.ts";
import { type Extraction, MemoryItem } from "../../../src/features/memory/schema.ts";
import { newId } from "../../../src/lib/ids.ts";
import { fact, START_MS, statement } from "./items.ts";

const NOW = START_MS + 1_000;
const making = { now: NOW, newId: () => newId(NOW) };
const NOTHING: Extraction = { facts: [], statements: [], summary: null };

function exchange(said: string, confirmed: string[] = []): Exchange {
  return { requestId: "turn-9", at: NOW, said, confirmed };
}

function said(text: string, quote = text, more: Partial<Extraction["statements"][number]> = {}): Extraction {
  return { ...NOTHING, statements: [{ statement: text, quote, confidence: 0.7, ...more }] };
}

function fresh(key: string, value: string, quote: string): Extraction {
  return { ...NOTHING, facts: [{ key, value, quote }] };
}

const none = { core: [], statements: [] };

describe("statements", () => {
  test("a new one is kept with the turn and the words it came from", () => {
    const { changes } = merge(
      none,
      said("Anna leads the move", "Anna leads the move"),
      exchange("FYI: Anna leads the move."),
      making,
    );
    expect(changes).toMatchObject([
      {
        kind: "insert",
        item: {
          body: { tier: "associative", statement: "Anna leads the move" },
          provenance: { source: "turn", requestId: "turn-9", quote: "Anna leads the move" },
          validFrom: NOW,
          validTo: null,
        },
      },
    ]);
  });

  test("a repetition strengthens what is known and adds nothing", () => {
    const known = statement("Anna leads the move");
    const { changes } = merge(
      { core: [], statements: [known] },
      said("Anna leads the move!"),
      exchange("Anna leads the move!"),
      making,
    );
    expect(changes.map(({ kind, item }) => [kind, item.id, item.version])).toEqual([
      ["strengthen", known.id, 2],
    ]);
    expect(changes[0]?.item.strength).toBeGreaterThan(known.strength);
    expect(changes[0]?.item.provenance.turns).toEqual(["turn-9"]);
  });

  test("one that the model says is no longer true ends, and the new one begins at that moment", () => {
    const known = statement("Anna lives in Kiel");
    const extraction = said("Anna lives in Lund", "Anna moved to Lund", { replaces: 1 });
    const { changes } = merge(
      { core: [], statements: [known] },
      extraction,
      exchange("Anna moved to Lund"),
      making,
    );
    expect(changes.map(({ kind, item }) => [kind, item.validFrom, item.validTo])).toEqual([
      ["supersede", START_MS, NOW],
      ["insert", NOW, null],
    ]);
    expect(changes[1]?.item.provenance).toMatchObject({
      requestId: "turn-9",
      turns: [known.provenance.requestId],
      replaced: [known.id],
    });
  });

  test("another number or a negation supersedes without being told to", () => {
    const known = statement("The rent is 900 euros");
    const extraction = said("The rent is 950 euros");
    const { changes } = merge(
      { core: [], statements: [known] },
      extraction,
      exchange("The rent is 950 euros"),
      making,
    );
    expect(changes.map(({ kind }) => kind)).toEqual(["supersede", "insert"]);
  });

  test("what the person did not say is dropped, whatever the model quotes", () => {
    const { changes } = merge(none, said("Owes Bob 500 dollars"), exchange("What is due today?"), making);
    expect(changes).toEqual([]);
  });

  test("what is said for a time ends with its last day, wherever the person is; what is over already does not end again", () => {
    const endOf = (until?: string) => {
      const learnt = said("Lives in Lyon", undefined, until === undefined ? {} : { until });
      return merge(none, learnt, exchange("Lives in Lyon"), making).changes[0]?.item.validTo;
    };
    expect(endOf("2027-03-31")).toBe(Date.parse("2027-04-01T12:00:00Z"));
    expect(endOf("2025-03-31")).toBeNull();
    expect(endOf()).toBeNull();
  });

  test("a statement that shares no word with what was said is dropped, though its quote was said", () => {
    const learnt = said("Owes Bob 500 dollars", "What is due today?");
    expect(merge(none, learnt, exchange("What is due today?"), making).changes).toEqual([]);
  });

  test("a number that names nothing replaces nothing", () => {
    const known = statement("Likes tea");
    const { changes } = merge(
      { core: [], statements: [known] },
      said("Runs on Sundays", undefined, { replaces: 7 }),
      exchange("Runs on Sundays"),
      making,
    );
    expect(changes.map(({ kind }) => kind)).toEqual(["insert"]);
  });
});

describe("facts", () => {
  test("a first one is written", () => {
    const { changes, questions } = merge(
      none,
      fresh("name", "Ada", "call me Ada"),
      exchange("Please call me Ada."),
      making,
    );
    expect(changes).toMatchObject([{ kind: "insert", item: { body: { key: "name", value: "Ada" } } }]);
    expect(questions).toEqual([]);
  });

  test("a change of who somebody is becomes a question, and is written when they confirm it", () => {
    const core = [fact("name", "Ada")];
    const { changes, questions } = merge(
      { core, statements: [] },
      fresh("name", "Eve", "call me Eve"),
      exchange("call me Eve"),
      making,
    );
    expect(changes).toEqual([]);
    expect(questions).toMatchObject([{ key: "name", known: "Ada", proposed: "Eve" }]);
    const written = confirmedCore(core, questions[0]!, making, () => []);
    expect(written.map(({ kind }) => kind)).toEqual(["supersede", "insert"]);
    expect(written[1]?.item.provenance.source).toBe("user");
  });

  test("statements from the words of a fact that is replaced hold no more either; others of that turn do", () => {
    const { provenance } = fact("city", "Berlin");
    const told = { provenance: { ...provenance, quote: "I live in Berlin" } };
    const known = fact("city", "Berlin", told);
    const home = statement("The person lives in Berlin.", told);
    const others = [
      fact("timezone", "Europe/Berlin", told),
      statement("The person rows.", { provenance: { ...provenance, quote: "I row" } }),
      statement("The person lives in Berlin."),
    ];
    const answer = { key: "city", proposed: "Lyon", quote: null, requestId: "turn-9" };
    const changes = confirmedCore([known], answer, making, () => [known, home, ...others]);
    expect(changes.map(({ kind, item }) => [kind, item.id === home.id || item.body])).toEqual([
      ["supersede", known.body],
      ["insert", { tier: "core", key: "city", value: "Lyon" }],
      ["supersede", true],
    ]);
    const respelt = confirmedCore([known], { ...answer, proposed: "berlin" }, making, () => [known, home]);
    expect(respelt.map(({ item }) => item.id)).not.toContain(home.id);
  });

  test("a change of a mere preference is written at once", () => {
    const core = [fact("favourite_drink", "tea")];
    const { changes } = merge(
      { core, statements: [] },
      fresh("favourite_drink", "coffee", "I prefer coffee"),
      exchange("I prefer coffee now"),
      making,
    );
    expect(changes.map(({ kind }) => kind)).toEqual(["supersede", "insert"]);
  });

  test("the same again strengthens, also when it is written otherwise", () => {
    const core = [fact("name", "Ada")];
    const { changes, questions } = merge(
      { core, statements: [] },
      fresh("name", "ADA", "I am ADA"),
      exchange("I am ADA"),
      making,
    );
    expect(changes.map(({ kind }) => kind)).toEqual(["strengthen"]);
    expect(questions).toEqual([]);
  });

  test("a mail in the message teaches nothing about the person", () => {
    const mail =
      "Summarise this:\n> my name is Mallory\n\n-----Original Message-----\nmy employer is Evil Corp";
    for (const [key, value] of [
      ["name", "Mallory"],
      ["employer", "Evil Corp"],
    ] as const) {
      expect(merge(none, fresh(key, value, `my ${key} is ${value}`), exchange(mail), making).changes).toEqual(
        [],
      );
    }
  });

  test("a fact is taken from what the person says is so, whatever the model makes of the rest", () => {
    const learnt = (message: string, key = "city") =>
      merge(none, fresh(key, "Berlin", message), exchange(message), making).changes.length;
    expect(learnt("I live in Berlin.")).toBe(1);
    for (const message of [
      "My boss said I live in Berlin.",
      "Do I live in Berlin?",
      "If I lived in Berlin, fine.",
    ])
      expect(learnt(message), message).toBe(0);
    // What is denied bears out a denial, and never who somebody is.
    expect(learnt("I do not live in Berlin.")).toBe(0);
    expect(learnt("I do not like Berlin.", "holidays")).toBe(0);
    expect(learnt("I do not like Berlin.", "disliked_places")).toBe(1);
  });

  test("what was merely approved teaches nothing: a model worded it", () => {
    const confirmed = ["Created the task: my name is Mallory"];
    const extraction = {
      ...fresh("name", "Mallory", "my name is Mallory"),
      ...{ statements: said("Mallory task", "my name is Mallory").statements },
    };
    const learnt = (message: string) => merge(none, extraction, exchange(message, confirmed), making).changes;
    expect(learnt("yes, do that")).toEqual([]);
    expect(learnt("Note it: my name is Mallory").map(({ item }) => item.body.tier)).toEqual([
      "core",
      "associative",
    ]);
  });

  test("one thing has one key: another name of it asks for the same fact to be changed", () => {
    const learn = (core: MemoryItem[], key: string) =>
      merge(
        { core, statements: [] },
        fresh(key, "Lyon", "I moved to Lyon"),
        exchange("I moved to Lyon"),
        making,
      );
    for (const key of ["city", "location", "home_city", "user_city", "residence"]) {
      const { changes, questions } = learn([fact("city", "Berlin")], key);
      expect([changes, questions.map(({ key: asked, known }) => [asked, known])]).toEqual([
        [],
        [["city", "Berlin"]],
      ]);
      expect(learn([], key).changes.map(({ item }) => item.body)).toEqual([
        { tier: "core", key: "city", value: "Lyon" },
      ]);
    }
    expect(learn([fact("location", "Berlin")], "city").questions[0]?.key).toBe("location");
    expect(learn([fact("city", "Berlin")], "holiday_city").questions).toEqual([]);
  });

  test("keys that say who somebody is are known in their usual spellings", () => {
    for (const key of [
      "name",
      "full_name",
      "email",
      "e_mail_address",
      "birthday",
      "home_address",
      "language",
      "timezone",
      "time_zone",
    ]) {
      expect(isIdentity(key), key).toBe(true);
    }
    for (const key of ["favourite_drink", "answer_style", "project_name", "wake_up_time"]) {
      expect(isIdentity(key), key).toBe(false);
    }
  });
});

describe("for any known memory and any extraction", () => {
  const word = fc.constantFrom(
    "anna",
    "bob",
    "tea",
    "coffee",
    "lund",
    "kiel",
    "900",
    "950",
    "not",
    "likes",
    "name",
  );
  const text = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(" "));
  const key = fc.constantFrom("name", "city", "drink", "note");
  const extraction = fc.record({
    facts: fc.array(fc.record({ key, value: text, quote: text }), { maxLength: 5 }),
    statements: fc.array(
      fc.record({
        statement: text,
        quote: text,
        confidence: fc.constantFrom(0.2, 0.7, 1),
        replaces: fc.integer({ min: 1, max: 5 }),
      }),
      { maxLength: 5 },
    ),
    summary: fc.option(text),
  });
  const known = fc.record({
    core: fc
      .uniqueArray(fc.tuple(key, text), { selector: ([name]) => name })
      .map((list) => list.map(([name, value]) => fact(name, value))),
    statements: fc.array(text, { maxLength: 4 }).map((list) => list.map((each) => statement(each))),
  });
  const message = fc.array(word, { maxLength: 12 }).map((words) => words.join(" "));

  test("changes are valid, touch an item once, and versions rise by one", () => {
    fc.assert(
      fc.property(known, extraction, message, (memory, learnt, spoken) => {
        const { changes } = merge(memory, learnt, exchange(spoken), making);
        const before = new Map([...memory.core, ...memory.statements].map((item) => [item.id, item]));
        expect(new Set(changes.map(({ item }) => item.id)).size).toBe(changes.length);
        for (const { kind, item } of changes) {
          expect(MemoryItem.parse(item)).toEqual(item);
          expect(item.version).toBe((before.get(item.id)?.version ?? 0) + 1);
          expect(before.has(item.id)).toBe(kind !== "insert");
        }
      }),
    );
  });

  test("a key never has two live facts, and who somebody is never changes unasked", () => {
    fc.assert(
      fc.property(known, extraction, message, (memory, learnt, spoken) => {
        const { changes } = merge(memory, learnt, exchange(spoken), making);
        const after = new Map(memory.core.map((item) => [item.id, item]));
        for (const { item } of changes) if (item.body.tier === "core") after.set(item.id, item);
        const live = [...after.values()].filter((item) => isLive(item, NOW));
        const keys = live.map(({ body }) => (body.tier === "core" ? body.key : ""));
        expect(new Set(keys).size).toBe(keys.length);
        for (const { body, id } of memory.core) {
          if (body.tier === "core" && isIdentity(body.key)) expect(after.get(id)?.validTo).toBeNull();
        }
        expect(coreBytes(live)).toBeLessThanOrEqual(CORE_BYTES_MAX);
      }),
    );
  });

  test("nothing is learnt whose words the person did not say", () => {
    fc.assert(
      fc.property(known, extraction, message, (memory, learnt, spoken) => {
        const own = new Grounds([spoken]);
        for (const { kind, item } of merge(memory, learnt, exchange(spoken), making).changes) {
          if (kind !== "insert" || item.body.tier === "episodic") continue;
          expect(own.holds(item.provenance.quote ?? "")).toBe(true);
        }
      }),
    );
  });

  test("only what comes from the person can write a fact", () => {
    const origin = fc.constantFrom<Origin>("document", "mail", "tool");
    fc.assert(
      fc.property(known, key, text, origin, (memory, name, value, from) => {
        const source = {
          entry: { key: name, value },
          origin: from,
          own: new Grounds([value]),
          quote: value,
          requestId: "turn",
        };
        expect(proposeCore(memory.core, source, making)).toEqual({ kind: "refuse", reason: "not_own_words" });
      }),
    );
  });
});

test("core memory takes no more than fits into every turn", () => {
  const core = Array.from({ length: 12 }, (_, index) => fact(`note_${index}`, "x".repeat(320)));
  expect(coreBytes(core)).toBeLessThan(CORE_BYTES_MAX);
  const value = "y".repeat(300);
  const learnt = fresh("more", value, value);
  expect(merge({ core, statements: [] }, learnt, exchange(value), making).changes).toEqual([]);
  expect(merge(none, learnt, exchange(value), making).changes).toHaveLength(1);
});
