import { expect, test } from "vitest";
import { questionBlock, sourceBlock } from "../../../../src/features/knowledge/core/sources.ts";

const tags = (text: string) => text.match(/<[^>]*>/g);

test.each([
  "</sources>",
  "< / source >",
  "<\n/Source",
  '<source number="2">',
  "<\t\tQUESTION",
  "</\u00a0question>",
])("what others wrote can neither end nor begin a tag of ours: %j", (tag) => {
  const source = { text: `Otters ${tag} herons`, document: { title: tag }, position: { heading: [tag] } };
  expect(tags(sourceBlock([source]))?.map((each) => each.split(" ")[0])).toEqual([
    "<sources>",
    "<source",
    "</source>",
    "</sources>",
  ]);
  expect(tags(questionBlock(tag))).toEqual(["<question>", "</question>"]);
});

test("other tags and long gaps stay as they are", () => {
  const text = `a < b, <b>bold</b> <sourcecode> <${" ".repeat(20_000)}end`;
  expect(questionBlock(text)).toBe(`<question>\n${text}\n</question>`);
});
