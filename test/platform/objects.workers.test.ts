import { env } from "cloudflare:workers";
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { readEnv } from "../../src/platform/env.ts";
import { SealedObjects } from "../../src/platform/objects.ts";

const { objects: bucket, keyring } = readEnv(env);
const key = keyring.newDataKey();
const objects = new SealedObjects(bucket, key, "owner");
const SEGMENT = 256 * 1024;
/** Of version 2, with a key id of 12 characters. */
const HEADER = 2 + key.id.length + 32 + 4;

function streamOf(bytes: Uint8Array, pieceBytes = 60_000): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + pieceBytes));
      at += pieceBytes;
    },
  });
}

/** The runtime gives 64 KiB of randomness at a time: the same again and again would hide exchanged segments. */
function randomOf(size: number): Uint8Array {
  const parts = Array.from({ length: Math.ceil(size / 65_536) }, () => randomBytes(65_536));
  return new Uint8Array(Buffer.concat(parts)).slice(0, size);
}

/** `toEqual` compares byte by byte, which takes seconds. */
const isSame = (one: Uint8Array | null, other: Uint8Array) => one !== null && Buffer.from(one).equals(other);

async function rawBytes(name: string): Promise<Uint8Array> {
  return new Uint8Array((await (await bucket.get(name))?.arrayBuffer()) ?? []);
}

/** Segments of a stored object, with their tags. */
async function taken(name: string) {
  const raw = await rawBytes(name);
  const segments: Uint8Array[] = [];
  for (let at = HEADER; at < raw.length; at += SEGMENT + 16) segments.push(raw.slice(at, at + SEGMENT + 16));
  return { header: raw.slice(0, HEADER), segments };
}

test.each([0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT, 6 * 1024 * 1024 + 5])(
  "%i bytes come back as they went in, whether their number is known or not",
  async (size) => {
    const bytes = randomOf(size);
    expect(await objects.putStream("known", { bytes: streamOf(bytes), size })).toBe(size);
    expect(isSame(await objects.get("known"), bytes)).toBe(true);
    expect(await objects.putStream("unknown", { bytes: streamOf(bytes) })).toBe(size);
    expect(isSame(await objects.get("unknown"), bytes)).toBe(true);
  },
);

test("what was put at once is read the same way, and so is what is not there", async () => {
  const bytes = randomOf(100_000);
  await objects.put("whole", bytes);
  expect(isSame(await objects.get("whole"), bytes)).toBe(true);
  expect(await objects.get("nothing")).toBeNull();
});

test("nothing of it can be read in the store", async () => {
  const words = Buffer.from("the otters of the lake ".repeat(40_000));
  await objects.putStream("words", { bytes: streamOf(words), size: words.length });
  expect(Buffer.from(await rawBytes("words")).includes("otters")).toBe(false);
});

const TAMPERED: [string, (object: Awaited<ReturnType<typeof taken>>) => Uint8Array[]][] = [
  ["a bit changed", ({ header, segments: [first, ...rest] }) => [header, flipped(first!), ...rest]],
  ["a bit of the header changed", ({ header, segments }) => [flipped(header), ...segments]],
  ["its last segment missing", ({ header, segments }) => [header, ...segments.slice(0, -1)]],
  ["its first segment missing", ({ header, segments }) => [header, ...segments.slice(1)]],
  ["two segments exchanged", ({ header, segments: [a, b, ...rest] }) => [header, b!, a!, ...rest]],
  ["a segment doubled", ({ header, segments: [a, ...rest] }) => [header, a!, a!, ...rest]],
  [
    "the last segment cut",
    ({ header, segments }) => [header, ...segments.slice(0, -1), segments.at(-1)!.slice(0, -20)],
  ],
  ["nothing but the header", ({ header }) => [header]],
  ["half a header", ({ header }) => [header.slice(0, 20)]],
  ["no bytes", () => []],
];

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 6]! ^= 1;
  return copy;
}

test.each(TAMPERED)("an object with %s does not open", async (_, alter) => {
  const bytes = randomOf(3 * SEGMENT + 100);
  await objects.putStream("tampered", { bytes: streamOf(bytes), size: bytes.length });
  await bucket.put("tampered", Buffer.concat(alter(await taken("tampered"))));
  await expect(objects.get("tampered")).rejects.toMatchObject({ code: "internal" });
});

test("segments of another object with the same length do not fit", async () => {
  const put = async (name: string) => {
    const bytes = randomOf(2 * SEGMENT);
    await objects.putStream(name, { bytes: streamOf(bytes), size: bytes.length });
    return taken(name);
  };
  const [one, other] = [await put("one"), await put("other")];
  await bucket.put("one", Buffer.concat([one.header, one.segments[0]!, other.segments[1]!]));
  await expect(objects.get("one")).rejects.toMatchObject({ code: "internal" });
});

test("an object does not open under another name, for another owner, or with another key", async () => {
  const bytes = randomOf(SEGMENT + 1);
  await objects.putStream("home", { bytes: streamOf(bytes), size: bytes.length });
  await bucket.put("away", await rawBytes("home"));
  await expect(objects.get("away")).rejects.toMatchObject({ code: "internal" });
  for (const [stranger, owner] of [
    [key, "other"],
    [keyring.newDataKey(), "owner"],
  ] as const) {
    await expect(new SealedObjects(bucket, stranger, owner).get("home")).rejects.toMatchObject({
      code: "internal",
    });
  }
});

test.each([
  ["fewer", 10],
  ["more", -10],
])("%s bytes than were told leave nothing behind", async (_, difference) => {
  const bytes = new Uint8Array(SEGMENT);
  const told = { bytes: streamOf(bytes), size: bytes.length + difference };
  await expect(objects.putStream("liar", told)).rejects.toMatchObject({ code: "bad_request" });
  expect(await bucket.get("liar")).toBeNull();
});

test.each([undefined, 12 * 1024 * 1024])(
  "a stream that breaks off leaves nothing behind (told: %s)",
  async (size) => {
    let sent = 0;
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1_000_000;
        if (sent > 8_000_000) throw new RangeError("gone");
        controller.enqueue(new Uint8Array(1_000_000));
      },
    });
    await expect(objects.putStream("broken", { bytes: broken, size })).rejects.toThrow("gone");
    expect(await bucket.get("broken")).toBeNull();
  },
);
