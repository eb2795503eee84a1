import { describe, expect, test } from "vitest";
import { outline, parsed } from "./support.ts";

describe("plain text", () => {
  test("empty lines end a paragraph, whatever the line ends", async () => {
    const document = await parsed("First line\r\nsecond line\r\n\r\n \t\r\nNext\n\n\nLast", {
      name: "a.txt",
    });
    expect(outline(document)).toEqual([
      "paragraph: First line\nsecond line",
      "paragraph: Next",
      "paragraph: Last",
    ]);
  });

  test("lines and pages may end as printers, mainframes and Unicode have it", async () => {
    expect((await parsed("one\ftwo\vthree\u0085four\u2028five", { name: "a.txt" })).text).toBe(
      "one\ntwo\nthree\nfour\nfive",
    );
  });

  test("characters that nobody can see or store are left out", async () => {
    expect((await parsed("a\0b\u0007c\ufeffd", { name: "a.txt" })).text).toBe("abcd");
    expect((await parsed("a\u202eb\u2066c\u{e0041}\u{e0042}d", { name: "a.txt" })).text).toBe("abcd");
  });

  test("the language is told", async () => {
    expect((await parsed("Dies ist ein Text, und er ist nicht sehr lang.", { name: "a.txt" })).language).toBe(
      "de",
    );
    expect(await parsed("12 34", { name: "a.txt" })).not.toHaveProperty("language");
  });
});

describe("Markdown", () => {
  const outlineOf = async (source: string) => outline(await parsed(source, { name: "a.md" }));

  test("pictures within the text are left out of it", async () => {
    const picture = `data:image/png;base64,${"iVBORw0KGgo".repeat(1_000)}=`;
    expect(await outlineOf(`![a](${picture}) words\n\n[image1]: <${picture}>`)).toEqual([
      "paragraph: ![a](data:image/png;base64,…) words",
      "paragraph: [image1]: <data:image/png;base64,…>",
    ]);
  });

  test("has the blocks a reader sees, with their words as written", async () => {
    const source = `# Guide #

Some *words* with a [link](https://example.com/x).
on two lines

Under
-----

- one
- two
  more of two

  and more

1. first
2. second

> said
> by others
and goes on

| a | b |
|---|---|
| 1 | 2 |

\`\`\`js
# no heading

const x = 1;
\`\`\`

    indented

***
## The **end** of [it](#it)`;
    expect(await outlineOf(source)).toEqual([
      "heading1: Guide",
      "paragraph: Some *words* with a [link](https://example.com/x).\non two lines",
      "heading2: Under",
      "list: - one\n- two\n  more of two\n\n  and more\n\n1. first\n2. second",
      "quote: > said\n> by others\nand goes on",
      "table: | a | b |\n|---|---|\n| 1 | 2 |",
      "code: # no heading\n\nconst x = 1;",
      "code: indented",
      "heading2: The end of it",
    ]);
  });

  test("a heading ends a paragraph without an empty line, and a low line within a word is no emphasis", async () => {
    expect(await outlineOf("text\n# snake_case_name\nmore")).toEqual([
      "paragraph: text",
      "heading1: snake_case_name",
      "paragraph: more",
    ]);
  });

  test("its front matter has the title", async () => {
    const document = await parsed('---\ntitle: "The book"\ntags: x\n---\n\n# One', { name: "a.md" });
    expect(document.title).toBe("The book");
    expect(outline(document)).toEqual(['code: title: "The book"\ntags: x', "heading1: One"]);
  });

  test("code that is never closed goes on to the end", async () => {
    expect(await outlineOf("```\na\n\n# b")).toEqual(["code: a\n\n# b"]);
  });

  test("tables know the names of their columns", async () => {
    const document = await parsed("| a | b |\n|---|---|\n| 1 | 2 |", { name: "a.md" });
    expect(document.blocks[0]?.head).toBe("| a | b |");
  });
});

describe("HTML", () => {
  test("has what a person reads, and its structure", async () => {
    const source = `<!doctype html><html lang="en"><head><title>The page &amp; more</title><style>p{}</style></head><body>
      <script>var x = "<p>no</p>"</script><nav>Menu</nav>
      <h1>Big<br>title</h1><p>One   <b>bold</b>\n word.<p>Two &lt;3 &#8364;
      <div>Three</div>
      <ul><li>a<li>b<ul><li>deep</ul></ul>
      <blockquote>said</blockquote><pre>  code\n    more</pre>
      <table><caption>Ages</caption><tr><th>Name<th>Age<tr><td>Ann<td>41<tr><td><td>7</table></body></html>`;
    const document = await parsed(source);
    expect(document.title).toBe("The page & more");
    expect(outline(document)).toEqual([
      "paragraph: Menu",
      "heading1: Big title",
      "paragraph: One bold word.",
      "paragraph: Two <3 €",
      "paragraph: Three",
      "list: - a\n- b\n  - deep",
      "quote: said",
      "code: code\n    more",
      "paragraph: Ages",
      "table: Name | Age\nAnn | 41\n | 7",
    ]);
    expect(document.blocks.at(-1)?.head).toBe("Name | Age");
  });

  test("a table that arranges the page is read through", async () => {
    const source = `<html><table><tr><td><h2>News</h2><p>First.</p><p>Second.</p></td></tr>
      <tr><td><table><tr><td>a</td><td>b</td></tr></table></td></tr></table>`;
    expect(outline(await parsed(source))).toEqual([
      "heading2: News",
      "paragraph: First.",
      "paragraph: Second.",
      "table: a | b",
    ]);
    const single = "<html><table><tr><td><p>One.</p><p>Two.</p></td></tr></table>";
    expect(outline(await parsed(single))).toEqual(["paragraph: One.", "paragraph: Two."]);
  });

  test("lines of the source are no lines of the page", async () => {
    expect((await parsed("<html><p><b>one</b>\n<i>two</i>\n\nthree<br>four</p>")).text).toBe(
      "one two three\nfour",
    );
  });

  test("what the page hides is left out, and told", async () => {
    const source = `<html><p>Seen.</p><div style="color:red; Display : none !important">no <div>no</div> no</div><p hidden>no</p>
      <span style="font-size:0px">no</span><p style="visibility:hidden">no<p>Also seen.<div hidden="until-found">Found.</div>
      <span style="font-size:0.9em">Small.</span><input hidden> The end.`;
    const document = await parsed(source);
    expect(document.text.split(/\s+/).join(" ")).toBe("Seen. Also seen. Found. Small. The end.");
    expect(document.cuts).toEqual(["Parts that the page hides were left out."]);
  });

  test("what takes its hiding back is read, as mails are laid out", async () => {
    const source = `<html><table><tr><td style="font-size:0px;padding:10px"><div style="font-size:13px">Shown.</div>no</td></tr></table>
      <div style="visibility:hidden">no <b style="visibility:visible">Seen.</b> no</div><p style="display:none;display:block">Block.</p>
      <section style="opacity:0;transform:translateY(9px)">Comes in.</section><p style="color:transparent">no<p>The end.`;
    const document = await parsed(source);
    expect(document.text.split(/\s+/).join(" ")).toBe("Shown. Seen. Block. Comes in. The end.");
    expect(document.cuts).toEqual(["Parts that the page hides were left out."]);
  });

  test.each([
    "opacity: 0",
    "max-height:0; overflow:hidden",
    "position:absolute; left:-9999px",
    "position:absolute; clip:rect(0, 0, 0, 0)",
    "color:#fff; background-color:#FFF",
  ])("what nobody sees is left out: %s", async (style) => {
    const document = await parsed(`<html><p>Seen.</p><p><span style="${style}">no</span></p>`);
    expect(document.text).toBe("Seen.");
    expect(document.cuts).toEqual(["Parts that the page hides were left out."]);
  });

  test("what its style sheet takes away by class or name is left out", async () => {
    const source = `<html><style>/* .seen{display:none} */ p.gone, #away { color:red; display:none !important }
      @media print { .seen { display:none } } .back{display:none} .back{display:block}</style>
      <p class="big gone">no<p id=away>no<p class="seen">Seen.<div class="gone">Div.</div><p class=back>Back.`;
    const document = await parsed(source);
    expect(document.text.split(/\s+/).join(" ")).toBe("Seen. Div. Back.");
    expect(document.cuts).toEqual(["Parts that the page hides were left out."]);
  });

  test("has numbers of lists, fields as filled in, formulas, and words with their readings behind them", async () => {
    const source = `<html><ol start=3><li>three<li>four</ol><ol type=a><li>a<ul><li>deep</ul><li value=26>z</ol>
      <p>Name: <input value="Ann"><input type=password value=no></p><p><math><mi>x</mi><mo>=</mo><mn>2</mn><annotation>no</annotation></math></p>
      <p><ruby>東<rp>(</rp><rt>とう</rt><rp>)</rp>京<rt>きょう</rt></ruby>へ</p><video>no</video><svg><text>no</text></svg>`;
    const document = await parsed(source);
    expect(outline(document)).toEqual([
      "list: 3. three\n4. four",
      "list: a. a\n  - deep\nz. z",
      "paragraph: Name: Ann",
      "paragraph: x=2",
      "paragraph: 東京へ (とう きょう)",
    ]);
    expect(document.cuts).toEqual(["Text in drawings was left out."]);
  });

  test("a word that may be divided is whole", async () => {
    expect((await parsed("<html><p>Wör&shy;ter\u2060buch")).text).toBe("Wörterbuch");
  });

  test("what an element hides that is never closed is told", async () => {
    expect((await parsed("<html><p>one<template>two</template>three<svg><p>four")).cuts).toEqual([
      "An element of the page is never closed and hides what follows it.",
    ]);
  });

  test("tags that are never closed lose nothing", async () => {
    expect((await parsed("<html><div><ul><li>a<table><tr><td>b<p>c")).text).toMatch(/a.*b.*c/s);
  });
});

describe("CSV", () => {
  test("each row is a line, and each part of them knows its columns", async () => {
    const source = 'name;note\n"Ann; ""A""";"two\nlines"\nBob;\n';
    const document = await parsed(source, { name: "a.csv" });
    expect(outline(document)).toEqual(['table: Ann; "A" | two lines\nBob |']);
    expect(document.blocks[0]?.head).toBe("name | note");
  });

  test.each([",", ";", "\t", "|"])("values may be separated by %j", async (delimiter) => {
    const rows = [
      ["x", "y", "z"],
      ["1", "2", "3"],
      ["4", "5", "6"],
    ].map((row) => row.join(delimiter));
    expect((await parsed(rows.join("\n"))).text).toBe("1 | 2 | 3\n4 | 5 | 6");
  });

  test("a first row of values is a row", async () => {
    const document = await parsed("1,2,3\n4,5,6\n7,8,9");
    expect(document.text).toBe("1 | 2 | 3\n4 | 5 | 6\n7 | 8 | 9");
    expect(document.blocks[0]).not.toHaveProperty("head");
  });

  test("the first line may say what separates the values", async () => {
    const document = await parsed("\ufeffsep=;\r\na,x;b\r\n1,5;2\r\n", { name: "a.csv" });
    expect(document.text).toBe("1,5 | 2");
    expect(document.blocks[0]?.head).toBe("a,x | b");
  });

  test("a quote that is never closed loses nothing of what follows", async () => {
    const document = await parsed('name,age\n"Änn","41"\n"Bob,42\nCid,43\n', { name: "a.csv" });
    expect(document.text).toBe('Änn | 41\n"Bob | 42\nCid | 43');
    expect(document.cuts).toEqual([
      "A quote in the table is never closed; what follows was read line by line.",
    ]);
  });

  test("lines may end in several ways, spaces stand around quotes, and rows be empty", async () => {
    const document = await parsed('a, "b, c" ,d\r\n1,2,\n , ,\n,4,5\r6,7,8', { name: "a.csv" });
    expect(document.blocks[0]?.head).toBe("a | b, c | d");
    expect(document.text).toBe("1 | 2 | \n | 4 | 5\n6 | 7 | 8");
  });

  test("rows of other lengths than the first are kept", async () => {
    expect((await parsed("a,b\n1\n1,2,3", { name: "a.csv" })).text).toBe("1\n1 | 2 | 3");
  });
});

describe("JSON", () => {
  test("each value is a line with its name, each record a block", async () => {
    const source = JSON.stringify({
      title: "List",
      people: [
        { name: "Ann", tags: ["x", "y"], address: { city: "Köln" }, none: null },
        { name: "Bob", age: 41, ok: false },
      ],
    });
    expect(outline(await parsed(source))).toEqual([
      "table: title: List",
      "table: people.name: Ann\npeople.tags: x\npeople.tags: y\npeople.address.city: Köln",
      "table: people.name: Bob\npeople.age: 41\npeople.ok: false",
    ]);
  });

  test("may be a row of values", async () => {
    const document = await parsed('{"a":"\\u00e9 \\"x\\" \\\\"}\n{"a":2}\n', { name: "a.jsonl" });
    expect(document.type).toBe("json");
    expect(outline(document)).toEqual(['table: a: é "x" \\', "table: a: 2"]);
  });

  test.each(['{"a": 1, "b"', '{"a" 1}', "[1,]x", "{a: 1}", "[1 2]", '["a\nb"]', "[01x]"])(
    "%s is none, and read as text",
    async (source) => {
      const document = await parsed(source, { name: "a.json" });
      expect(document.type).toBe("text");
      expect(document.cuts).toEqual(["The JSON is damaged; it was read as plain text."]);
    },
  );
});

describe("calendars and address cards", () => {
  const calendar = [
    "BEGIN:VCALENDAR",
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Zurich",
    "END:VTIMEZONE",
    "BEGIN:VEVENT",
    "SUMMARY:Meeting about the harb",
    " our\\, and more",
    "DESCRIPTION:First\\nSecond",
    `ATTACH;ENCODING=BASE64:${"iVBORw0KGgo".repeat(30)}`,
    "END:VEVENT",
    "END:VCALENDAR",
  ].join("\r\n");

  test("lines that were cut in the middle of a word are whole, and each entry is a block", async () => {
    expect(outline(await parsed(calendar, { name: "a.ics" }))).toEqual([
      "paragraph: BEGIN:VCALENDAR",
      "paragraph: BEGIN:VTIMEZONE\nTZID:Europe/Zurich\nEND:VTIMEZONE",
      "paragraph: BEGIN:VEVENT\nSUMMARY:Meeting about the harbour, and more\nDESCRIPTION:First\nSecond\nATTACH;ENCODING=BASE64:…\nEND:VEVENT",
      "paragraph: END:VCALENDAR",
    ]);
    const card = await parsed("BEGIN:VCARD\nFN:Ann Schmi\n dt\nEND:VCARD\n", { name: "a.vcf" });
    expect(card.text).toContain("FN:Ann Schmidt");
  });

  test("an invitation in a mail is read once, though it comes twice", async () => {
    const part = (headers: string, body: string) => `--x\nContent-Type: ${headers}\n\n${body}\n`;
    const invitation = calendar.replaceAll("\r\n", "\n");
    const mail = [
      'From: a@b.c\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="x"\n\n',
      part("text/plain", "See you."),
      part("text/calendar", invitation),
      part(
        'application/ics; name="i.ics"\nContent-Disposition: attachment; filename="i.ics"\nContent-Transfer-Encoding: base64',
        Buffer.from(calendar).toString("base64"),
      ),
      "--x--\n",
    ].join("");
    const lines = outline(await parsed(mail));
    expect(lines.filter((line) => line.includes("harbour"))).toHaveLength(1);
    expect(lines).toContain("heading2: i.ics");
  });
});
