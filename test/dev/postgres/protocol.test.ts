import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeReply,
  errorResponse,
  int32,
  MessageSplitter,
  message,
  startupParameters,
} from "../../../dev/postgres/protocol.ts";

const body = fc.uint8Array({ maxLength: 200 });
const frame = fc.tuple(fc.constantFrom("Q", "P", "B", "S", "X"), body);

describe("the message splitter", () => {
  it("gives the same messages however the stream is cut", () => {
    fc.assert(
      fc.property(body, fc.array(frame), fc.array(fc.nat(40)), (startup, frames, cuts) => {
        const packet = Buffer.concat([int32(startup.length + 4), startup]);
        const stream = Buffer.concat([packet, ...frames.map(([type, bytes]) => message(type, bytes))]);
        const splitter = new MessageSplitter();
        const seen = pieces(stream, cuts).flatMap((piece) => splitter.push(piece));
        expect(seen.map(({ type }) => type)).toEqual(["startup", ...frames.map(([type]) => type)]);
        expect(Buffer.concat(seen.map(({ bytes }) => bytes)).equals(stream)).toBe(true);
      }),
    );
  });

  it("refuses a length that cannot be", () => {
    expect(() => new MessageSplitter().push(int32(3))).toThrow(/impossible length/);
    expect(() => new MessageSplitter().push(int32(2 ** 30))).toThrow(/impossible length/);
  });
});

it("reads the parameters of a startup packet", () => {
  const packet = Buffer.concat([int32(0), int32(196_608), Buffer.from("user\0ann\0database\0main\0\0")]);
  expect(Object.fromEntries(startupParameters(packet))).toEqual({ user: "ann", database: "main" });
});

it("names the fields of an error as the driver does", () => {
  expect(decodeReply(errorResponse("25P03", "Too slow.")).error).toEqual({
    severity: "ERROR",
    code: "25P03",
    message: "Too slow.",
  });
});

function pieces(stream: Buffer, cuts: number[]): Buffer[] {
  const parts: Buffer[] = [];
  let offset = 0;
  for (const cut of cuts) {
    parts.push(stream.subarray(offset, offset + cut));
    offset += cut;
  }
  return [...parts, stream.subarray(offset)];
}
