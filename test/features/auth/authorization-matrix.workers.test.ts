/** Who may call what, for every route there is: the cases come from the OpenAPI document and grow with it. */
import { env, exports } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { signAccessToken } from "../../../src/features/auth/access-token.ts";
import { findPermission } from "../../../src/features/auth/service.ts";
import type { Role } from "../../../src/platform/db.ts";
import { readEnv } from "../../../src/platform/env.ts";
import { call, problemOf } from "../../support/api.ts";
import { type DocumentedRoute, type OpenApi, routesOf, sampleRequest } from "../../support/sample.ts";
import { newUser, type TestUser } from "../../support/users.ts";

const { config } = readEnv(env);
const ROLES: Role[] = ["owner", "admin", "member", "readonly"];
const MINUTE_MS = 60_000;

const document = await readDocument();
const routes = routesOf(document);
const guarded = routes.filter((route) => route["x-policy"] !== undefined);

async function readDocument(): Promise<OpenApi> {
  return (await exports.default.fetch(new Request("http://adjutant.test/openapi.json"))).json();
}

/** What keeps a route from being published: null when its policy is declared, and known to the table. */
function undeclared(route: DocumentedRoute): string | null {
  const policy = route["x-policy"];
  if (route["x-public"]) return policy ? `${route.operationId} is public and has a policy` : null;
  if (!policy) return `${route.operationId} has neither a policy nor x-public`;
  return findPermission(policy.resource, policy.action) ? null : `${route.operationId} has an unknown policy`;
}

/** Routes for everybody, each with its reason. A new one is added here on purpose, or not at all. */
const PUBLIC: Record<string, string> = {
  register: "makes the credential",
  login: "gives the credential",
  refresh: "brings a credential of its own",
  jwks: "public keys",
  openDeviceSocket: "takes its credential as sub-protocol, header or ticket, and refuses without one",
  health: "says only that it runs, and which version",
  ping: "says only that it runs",
  serviceHealth: "names parts and latencies, nobody's data",
  openapi: "the contract",
  reference: "the contract, to read",
  referenceScript: "of the page above",
  referenceStyle: "of the page above",
  errors: "the catalogue of codes",
  errorCode: "one code of the catalogue",
};

test("every route declares a policy of the table, or that it is public", () => {
  expect(routes.map(undeclared).filter((problem) => problem !== null)).toEqual([]);
  expect(guarded.length).toBeGreaterThan(10);
});

test("a route without a policy, or with one the table lacks, would be noticed", () => {
  const bare = { operationId: "stray", method: "GET", path: "/stray" };
  expect(undeclared(bare)).toContain("neither");
  expect(undeclared({ ...bare, "x-policy": { resource: "chats", action: "explode" } })).toContain("unknown");
  expect(
    undeclared({ ...bare, "x-public": true, "x-policy": { resource: "chats", action: "read" } }),
  ).toContain("public");
});

test("the routes without a credential are the ones agreed on", () => {
  const open = routes.filter((route) => route["x-public"]).map(({ operationId }) => operationId);
  expect(open.sort()).toEqual(Object.keys(PUBLIC).sort());
});

test("the device socket, which looks for its credential itself, refuses a caller without one", async () => {
  const upgrade = { upgrade: "websocket", "sec-websocket-protocol": "adjutant.v3" };
  const refused = await call("GET", "/api/v1/ws/device", { headers: upgrade });
  expect(await problemOf(refused)).toMatchObject({ status: 401, code: "unauthorized" });
});

describe.each(guarded.map((route) => ({ name: `${route.method} ${route.path}`, route })))(
  "$name",
  ({ route }) => {
    const send = (as?: { accessToken: string }) => {
      const { path, body } = sampleRequest(document, route);
      return call(route.method, path, { ...(as ? { as } : {}), ...(body === undefined ? {} : { body }) });
    };
    let user: TestUser;
    let stranger: TestUser;

    beforeAll(async () => {
      [user, stranger] = [await newUser(env), await newUser(env)];
    });

    test("refuses a caller without a credential", async () => {
      expect(await problemOf(await send())).toMatchObject({ status: 401, code: "unauthorized" });
    });

    test("refuses an expired token", async () => {
      const longAgo = Date.now() - 60 * MINUTE_MS;
      const accessToken = await signAccessToken(config, { ...user, expiresAt: longAgo + MINUTE_MS }, longAgo);
      expect(await problemOf(await send({ accessToken }))).toMatchObject({
        status: 401,
        code: "token_expired",
      });
    });

    test("refuses a token for a tenant that the caller is not a member of", async () => {
      const claims = { ...user, tenantId: stranger.tenantId, expiresAt: Date.now() + MINUTE_MS };
      const accessToken = await signAccessToken(config, claims, Date.now());
      expect(await problemOf(await send({ accessToken }))).toMatchObject({ status: 403, code: "forbidden" });
    });

    test.each(ROLES)("treats the role %s as the policy says", async (role) => {
      const response = await send(await newUser(env, { role }));
      const { resource, action } = route["x-policy"] ?? { resource: "", action: "" };
      const allowed = findPermission(resource, action)?.roles.includes(role) ?? false;
      if (!allowed) {
        expect(await problemOf(response)).toMatchObject({ status: 403, code: "forbidden" });
        return;
      }
      // What the sample asks for need not exist; that it was understood and allowed is the point.
      expect([400, 401, 403, 405, 415, 422, 500], await response.text()).not.toContain(response.status);
    });
  },
);
