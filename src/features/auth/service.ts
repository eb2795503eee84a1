export { type AccessClaims, publishedKeys, verifyAccessToken } from "./access-token.ts";
export { me } from "./me.ts";
export { hashPassword } from "./password.ts";
export { allow, findPermission } from "./policy.ts";
export { refresh } from "./refresh.ts";
export {
  type LiveSession,
  listSessions,
  liveSession,
  logout,
  revokeAllSessions,
  revokeSession,
} from "./sessions.ts";
export { login, type RegisterOptions, register } from "./sign-in.ts";
