import { expect, test } from "vitest";
import { allow, findPermission } from "../../../src/features/auth/policy.ts";

test("a permission carries what the database must check", () => {
  expect(allow("sessions", "revoke")).toEqual({
    resource: "sessions",
    action: "revoke",
    roles: ["owner", "admin", "member", "readonly"],
    readOnly: false,
    liveSession: true,
  });
});

test("a readonly member may read chats and not change them", () => {
  expect(allow("chats", "read").roles).toContain("readonly");
  for (const action of ["create", "update", "delete"] as const) {
    expect(allow("chats", action).roles).not.toContain("readonly");
  }
});

test("a readonly member may read what their turns did, and only the hub adds to it beside them", () => {
  expect(allow("tool_executions", "read").roles).toContain("readonly");
  expect(allow("tool_executions", "record").roles).toEqual(["owner", "admin", "member", "system"]);
});

test("only managers read the audit trail", () => {
  expect(allow("audit", "read").roles).toEqual(["owner", "admin"]);
});

test.each([
  ["chats", "explode"],
  ["nothing", "read"],
  ["constructor", "name"],
  ["chats", "toString"],
])("the table has no line for %s %s", (resource, action) => {
  expect(findPermission(resource, action)).toBeNull();
});
