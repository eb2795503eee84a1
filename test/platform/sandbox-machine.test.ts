import quickJs from "@jitl/quickjs-wasmfile-release-sync";
import { describe, expect, test } from "vitest";
import { runInMachine } from "../../src/platform/sandbox-machine.ts";

const run = (code: string, input: unknown = null) =>
  runInMachine(quickJs, { code, input: JSON.stringify(input) });

async function given(code: string, input?: unknown): Promise<unknown> {
  const result = await run(code, input);
  if (result.kind === "error") throw new Error(result.message);
  return result.value === "" ? undefined : JSON.parse(result.value);
}

async function problemOf(code: string): Promise<string> {
  const result = await run(code);
  if (result.kind === "value") throw new Error(`it gave ${result.value.slice(0, 100)}`);
  return result.message;
}

describe("code", () => {
  test("takes JSON and gives JSON", async () => {
    expect(await given("return input.map((n) => n * 2)", [1, 2])).toEqual([2, 4]);
    expect(await given("return new Map([[1, 2]]).get(1) + Math.max(...[3, 4])")).toBe(6);
    expect(await given("const later = await Promise.resolve(20); return later + 1")).toBe(21);
    expect(await given("return new Date(Date.UTC(2026, 0, 31)).toISOString()")).toBe(
      "2026-01-31T00:00:00.000Z",
    );
    expect(await given("const nothing = 1;")).toBeUndefined();
    expect(await given("// a comment at the end")).toBeUndefined();
  });

  test("prints, beside what it gives", async () => {
    const result = await run("console.log('sum', { a: 1 }); console.error(2); return 3");
    expect(result).toEqual({ kind: "value", value: "3", isCut: false, printed: 'sum {"a":1}\n2' });
  });

  test("is told what is wrong with it", async () => {
    expect(await problemOf("return ((")).toMatch(/^SyntaxError: /);
    expect(await problemOf("return missing.name")).toMatch(/^ReferenceError: .*missing/);
    expect(await problemOf("throw new TypeError('not so')")).toBe("TypeError: not so");
    expect(await problemOf("throw 'words'")).toBe("words");
    expect(await problemOf("await Promise.reject(new Error('later'))")).toBe("Error: later");
  });
});

describe("hostile code", () => {
  test.each([
    ["a loop", "for (;;) {}"],
    ["a loop that catches its end", "for (;;) { try { for (;;) {} } catch {} }"],
    ["a loop in what throws", "throw { get message() { for (;;) {} } }"],
    ["a loop in what it gives", "return { toJSON() { for (;;) {} } }"],
    ["a loop of promises", "const next = () => Promise.resolve().then(next); next(); return 1"],
    ["an expression that takes for ever", "return /(a+)+$/.test('a'.repeat(40) + 'b')"],
  ])("%s is stopped", async (_, code) => {
    expect(await problemOf(code)).toBe("The code ran too long and was stopped.");
  });

  test("what never comes is not waited for", async () => {
    expect(await problemOf("await new Promise(() => {})")).toMatch(/never comes/);
  });

  test.each([
    ["many objects", "const all = []; for (let n = 0; ; n++) all.push({ n })"],
    ["one long string", "let text = 'x'; for (;;) text += text"],
    ["a buffer", "return new Uint8Array(1e9).length"],
    ["a deep answer", "let deep = {}; for (let n = 0; n < 1e5; n++) deep = { deep }; return deep"],
    ["a call of itself", "const again = () => again() + 1; return again()"],
    ["deep JSON", "return JSON.parse('['.repeat(1e6))"],
  ])("%s ends at its limit of memory", async (_, code) => {
    expect(await problemOf(code)).toMatch(/memory|too long|overflow/);
  });

  test("has nothing of the host's to reach", async () => {
    const names = await given("return Object.getOwnPropertyNames(globalThis)");
    for (const name of [
      "fetch",
      "process",
      "require",
      "WebAssembly",
      "setTimeout",
      "navigator",
      "caches",
      "Worker",
    ]) {
      expect(names).not.toContain(name);
    }
    const viaConstructor = "return input.constructor.constructor('return typeof process + typeof fetch')()";
    expect(await given(viaConstructor, {})).toBe("undefinedundefined");
    const viaPrinting = "return console.log.constructor('return Object.keys(this ?? {})')()";
    expect(await given(viaPrinting)).toEqual([]);
    expect(await problemOf("return await import('node:fs')")).toMatch(/could not load/);
    expect(await problemOf("return await import('cloudflare:workers')")).toMatch(/could not load/);
  });

  test("changes its own world only", async () => {
    const tampering = "Object.prototype.stolen = 1; Array.prototype.map = 0; JSON.parse = () => 0; ";
    expect(await given(`${tampering} return 5`)).toBe(5);
    expect(await given("return [typeof {}.stolen, typeof [].map]")).toEqual(["undefined", "function"]);
    expect({}).not.toHaveProperty("stolen");
    await run("globalThis.left = 'behind'");
    expect(await given("return typeof left")).toBe("undefined");
  });

  test("cannot make its answer longer or other than it may be", async () => {
    const long = await run("console.log('y'.repeat(1e6)); return 'x'.repeat(1e6)");
    expect(long).toMatchObject({ kind: "value", isCut: true });
    if (long.kind === "value") expect([long.value.length, long.printed.length]).toEqual([16_000, 16_000]);
    expect(await problemOf("Object.prototype.toJSON = () => 'x'.repeat(1e6); return {}")).toMatch(/read/);
    expect(await problemOf("String.prototype.slice = () => ({}); return 1")).toMatch(/read/);
    expect(await problemOf("throw { message: 'x'.repeat(1e6), name: {} }")).toBe("The code threw no error.");
  });

  test("that closes the function it stands in has gained nothing", async () => {
    expect(await given("}); (async () => { return typeof process")).toBe("undefined");
    expect(await problemOf("}), (() => { for (;;) {} })(), (async () => {")).toMatch(/too long/);
  });
});
