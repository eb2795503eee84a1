import { describe, expect, it } from "vitest";
import { describeFailure } from "../../../src/features/agent/failure.ts";
import { AppError, ERROR_CATALOGUE, type ErrorCode } from "../../../src/lib/errors.ts";

const CODES = Object.keys(ERROR_CATALOGUE) as ErrorCode[];
const SECRET = "row 17 holds the diagnosis";

describe("a failure in words", () => {
  it.each(CODES)("has the code %s and a sentence", (code) => {
    const failure = describeFailure(new AppError(code));
    expect(failure.code).toBe(code);
    expect(failure.message.length).toBeGreaterThan(10);
  });

  it.each<[ErrorCode, RegExp]>([
    ["model_unavailable", /try again/],
    ["model_refused", /declined/],
    ["turn_too_large", /smaller/],
    ["timeout", /too long/],
    ["misconfigured", /operator/],
    ["internal", /on our side/],
  ])("says of %s what a person can understand, not what the error says", (code, words) => {
    const failure = describeFailure(new AppError(code, { detail: SECRET }));
    expect(failure.message).toMatch(words);
    expect(failure.message).not.toContain(SECRET);
  });

  it("says what the error says where no sentence of ours fits better", () => {
    const detail = "There is no such chat.";
    expect(describeFailure(new AppError("not_found", { detail }))).toEqual({
      code: "not_found",
      message: detail,
    });
  });

  it.each([
    new Error(SECRET),
    new TypeError(SECRET),
    SECRET,
    undefined,
    null,
    { code: "not_found", message: SECRET },
  ])("tells nothing of an error that is not of the catalogue (%#)", (cause) => {
    const failure = describeFailure(cause);
    expect(failure.code).toBe("internal");
    expect(failure.message).toMatch(/on our side/);
    expect(failure.message).not.toContain(SECRET);
  });
});
