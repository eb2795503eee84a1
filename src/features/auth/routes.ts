import { openRoute, type Route, route } from "../../platform/routes.ts";
import { memberRoutes } from "./member-routes.ts";
import {
  Account,
  Credentials,
  JsonWebKeys,
  RefreshRequest,
  Registration,
  SessionId,
  Sessions,
  Tokens,
} from "./schema.ts";
import {
  listSessions,
  login,
  logout,
  me,
  publishedKeys,
  refresh,
  register,
  revokeAllSessions,
  revokeSession,
} from "./service.ts";

const tag = "auth";
const readSessions = { resource: "sessions", action: "read" };
const revokeSessions = { resource: "sessions", action: "revoke" };

/** Under the API's base path. */
export const authRoutes: readonly Route[] = [
  openRoute(
    "POST",
    "/auth/register",
    {
      id: "register",
      tag,
      public: true,
      summary: "Make an account and sign in",
      description: "The account gets a personal tenant, of which it is the owner.",
      body: Registration,
      answer: Tokens,
      status: 201,
      errors: ["email_taken"],
    },
    ({ ctx, body }) => register(ctx, body),
  ),
  openRoute(
    "POST",
    "/auth/login",
    {
      id: "login",
      tag,
      public: true,
      summary: "Sign in",
      body: Credentials,
      answer: Tokens,
      errors: ["invalid_credentials", "account_disabled"],
    },
    ({ ctx, body }) => login(ctx, body),
  ),
  openRoute(
    "POST",
    "/auth/refresh",
    {
      id: "refresh",
      tag,
      public: true,
      summary: "Trade a refresh token for a new pair",
      description:
        "Each refresh token is good for one refresh. The same client may repeat it within 10 seconds, in case the " +
        "answer got lost; any other repetition is taken for theft and ends the session.",
      body: RefreshRequest,
      answer: Tokens,
      errors: ["refresh_token_invalid", "refresh_token_reused", "account_disabled"],
    },
    ({ ctx, body }) => refresh(ctx, body),
  ),
  route(
    "POST",
    "/auth/logout",
    {
      id: "logout",
      tag,
      policy: revokeSessions,
      summary: "End this session",
      description: "Closes the session's sockets and makes its refresh token useless.",
      errors: ["session_revoked"],
    },
    ({ ctx }) => logout(ctx),
  ),
  route(
    "GET",
    "/auth/me",
    {
      id: "me",
      tag,
      policy: { resource: "account", action: "read" },
      summary: "Who am I?",
      answer: Account,
    },
    ({ ctx }) => me(ctx),
  ),
  route(
    "GET",
    "/auth/sessions",
    {
      id: "listSessions",
      tag,
      policy: readSessions,
      summary: "List my sessions in this tenant",
      answer: Sessions,
    },
    async ({ ctx }) => ({ data: await listSessions(ctx), next_cursor: null }),
  ),
  // Before `{id}`: literal segments win.
  route(
    "DELETE",
    "/auth/sessions/all",
    {
      id: "revokeAllSessions",
      tag,
      policy: revokeSessions,
      summary: "End all my sessions in this tenant, this one too",
      errors: ["session_revoked"],
    },
    ({ ctx }) => revokeAllSessions(ctx),
  ),
  route(
    "DELETE",
    "/auth/sessions/{id}",
    {
      id: "revokeSession",
      tag,
      policy: revokeSessions,
      summary: "End one of my sessions",
      params: SessionId,
      errors: ["session_revoked", "not_found"],
    },
    ({ ctx, params }) => revokeSession(ctx, params),
  ),
  ...memberRoutes,
];

/** At the root of the origin, where verifiers look (RFC 8615). */
export const wellKnownRoutes: readonly Route[] = [
  openRoute(
    "GET",
    "/.well-known/jwks.json",
    {
      id: "jwks",
      tag,
      public: true,
      limited: false,
      summary: "Public keys of the access tokens",
      answer: JsonWebKeys,
    },
    ({ ctx }) => publishedKeys(ctx.config),
  ),
];
