import { expect, test } from "vitest";
import { matchesOrigin } from "../../src/lib/cors.ts";

test("an origin matches exactly, by any port, or by scheme", () => {
  expect(matchesOrigin("https://app.example", "https://app.example")).toBe(true);
  expect(matchesOrigin("http://localhost:*", "http://localhost:5173")).toBe(true);
  expect(matchesOrigin("http://localhost:*", "http://localhost")).toBe(true);
  expect(matchesOrigin("app://", "app://adjutant")).toBe(true);
});

test("look-alikes of an allowed origin do not match", () => {
  expect(matchesOrigin("https://app.example", "https://app.example.evil.test")).toBe(false);
  expect(matchesOrigin("https://app.example", "http://app.example")).toBe(false);
  expect(matchesOrigin("http://localhost:*", "http://localhost.evil.test")).toBe(false);
  expect(matchesOrigin("http://localhost:*", "http://localhost:80@evil.test")).toBe(false);
  expect(matchesOrigin("http://localhost:*", "http://localhost:")).toBe(false);
  expect(matchesOrigin("app://", "https://app")).toBe(false);
});
