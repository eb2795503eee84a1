import { expect, test } from "vitest";
import { disguised, findCanaries, newCanary } from "./canary.ts";

const canary = newCanary();
const resting = (bytes: Buffer) => [{ place: "here", bytes }];

test.each([
  ["plain text", Buffer.from(`before ${canary} after`)],
  ["JSON", Buffer.from(JSON.stringify({ text: disguised(canary) }))],
  ["base64", Buffer.from(Buffer.from(`x${canary}yz`).toString("base64"))],
  ["base64, shifted by one", Buffer.from(Buffer.from(`xy${canary}z`).toString("base64"))],
  ["base64, shifted by two", Buffer.from(Buffer.from(`xyz${canary}`).toString("base64"))],
  ["base64url", Buffer.from(Buffer.from(`~~${canary}~~`).toString("base64url"))],
  ["hexadecimal", Buffer.from(Buffer.from(canary).toString("hex"))],
  ["upper-case hexadecimal", Buffer.from(Buffer.from(canary).toString("hex").toUpperCase())],
  ["UTF-16", Buffer.from(canary, "utf16le")],
  ["big-endian UTF-16", Buffer.from(canary, "utf16le").swap16()],
  [
    "escaped JSON",
    Buffer.from([...canary].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")),
  ],
])("a canary is found in %s", (_form, bytes) => {
  expect(findCanaries({ word: canary }, resting(bytes))).not.toEqual([]);
});

test("nothing is found where there is none", () => {
  expect(findCanaries({ word: canary }, resting(Buffer.from(`${newCanary()} ${canary.slice(1)}`)))).toEqual(
    [],
  );
});
