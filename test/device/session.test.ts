import { beforeEach, describe, expect, it } from "vitest";
import { ServiceProblem, Session, SignedOut, type Tokens } from "../../device/session.ts";

interface Request {
  path: string;
  authorization: string | null;
  body: unknown;
}

/** The service's answers, first come first served, and what it was asked. */
let answers: Response[];
let requests: Request[];
let kept: Tokens[];
let nowMs: number;

const service: typeof fetch = async (input, init) => {
  const request = new Request(input instanceof URL ? input.href : input, init);
  const body: unknown = request.method === "GET" ? undefined : await request.json();
  requests.push({
    path: new URL(request.url).pathname,
    authorization: request.headers.get("authorization"),
    body,
  });
  const answer = answers.shift();
  if (answer === undefined) throw new TypeError("fetch failed");
  return answer;
};

const json = (status: number, value: unknown) => new Response(JSON.stringify(value), { status });
const pair = (name: string, leftMs: number) =>
  json(200, {
    access_token: `${name}-access`,
    refresh_token: `${name}-refresh`,
    expires_at: new Date(nowMs + leftMs).toISOString(),
  });
const problem = (status: number, code: string) => json(status, { code, title: "Title", detail: "Detail." });

beforeEach(() => {
  answers = [];
  requests = [];
  kept = [];
  nowMs = 1_000_000;
});

const options = {
  url: "http://svc/",
  fetch: service,
  now: () => nowMs,
  onTokens: (tokens: Tokens) => void kept.push(tokens),
};

async function signedIn(): Promise<Session> {
  answers.push(pair("a", 900_000));
  return Session.login({ ...options, email: "a@b.c", password: "secret" });
}

describe("signing in", () => {
  it("asks with e-mail and password, and hands the tokens over to be kept", async () => {
    const session = await signedIn();
    expect(requests).toEqual([
      { path: "/api/v1/auth/login", authorization: null, body: { email: "a@b.c", password: "secret" } },
    ]);
    expect(kept).toMatchObject([{ refreshToken: "a-refresh" }]);
    expect(await session.credential({ rejected: false })).toEqual({
      token: "a-access",
      expiresAtMs: nowMs + 900_000,
    });
  });

  it("makes the account first when told to", async () => {
    answers.push(pair("a", 900_000));
    await Session.login({ ...options, email: "a@b.c", password: "secret", register: true });
    expect(requests[0]?.path).toBe("/api/v1/auth/register");
  });

  it("with a wrong password says what the service said", async () => {
    answers.push(problem(401, "invalid_credentials"));
    const login = Session.login({ ...options, email: "a@b.c", password: "x" });
    await expect(login).rejects.toThrow(new ServiceProblem(401, "invalid_credentials", "Detail."));
  });
});

describe("the access token", () => {
  it("is renewed shortly before it expires, once for all who ask at that moment", async () => {
    const session = await signedIn();
    nowMs += 850_000;
    answers.push(pair("b", 900_000));
    const asked = await Promise.all([1, 2, 3].map(() => session.credential({ rejected: false })));
    expect(asked.map((credential) => "token" in credential && credential.token)).toEqual(
      Array(3).fill("b-access"),
    );
    expect(requests.slice(1)).toEqual([
      { path: "/api/v1/auth/refresh", authorization: null, body: { refresh_token: "a-refresh" } },
    ]);
    expect(kept.map((tokens) => tokens.refreshToken)).toEqual(["a-refresh", "b-refresh"]);
  });

  it("is renewed at once when the hub rejected it", async () => {
    const session = await signedIn();
    answers.push(pair("b", 900_000));
    expect(await session.credential({ rejected: true })).toMatchObject({ token: "b-access" });
  });

  it("that cannot be renewed any more means signing in again; a service that is down does not", async () => {
    const session = await signedIn();
    await expect(session.credential({ rejected: true })).rejects.toThrow(TypeError);
    answers.push(problem(503, "database_unavailable"));
    await expect(session.credential({ rejected: true })).rejects.toThrow(ServiceProblem);
    answers.push(problem(401, "refresh_token_reused"));
    await expect(session.credential({ rejected: true })).rejects.toThrow(SignedOut);
  });
});

describe("a request", () => {
  it("carries the token, and is sent once more with another when that has expired", async () => {
    const session = await signedIn();
    answers.push(problem(401, "token_expired"), pair("b", 900_000), json(200, { vector: [1] }));
    const answer = await session.request("/storage/vectors/embed", { method: "POST", body: { text: "t" } });
    expect(answer).toEqual({ vector: [1] });
    expect(requests.slice(1).map((request) => [request.path, request.authorization])).toEqual([
      ["/api/v1/storage/vectors/embed", "Bearer a-access"],
      ["/api/v1/auth/refresh", null],
      ["/api/v1/storage/vectors/embed", "Bearer b-access"],
    ]);
  });

  it("that is answered with a page instead of a problem still fails in words", async () => {
    const session = await signedIn();
    answers.push(new Response("<html>", { status: 502 }));
    await expect(session.request("/x", { method: "GET" })).rejects.toThrow("The service answered 502.");
  });
});
