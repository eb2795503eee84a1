import * as z from "zod";
import { Uuid } from "../../lib/ids.ts";
import { PageQuery, pageOf } from "../../lib/pagination.ts";

/** NIST SP 800-63B asks for at least 8, and for no rules about kinds of characters. */
export const PASSWORD_CHARS_MIN = 8;
/** A longer one costs more to hash and adds nothing. */
export const PASSWORD_CHARS_MAX = 256;

const Email = z
  .string()
  .trim()
  .toLowerCase()
  .pipe(z.email().max(254))
  .meta({ description: "E-mail address, kept in lower case", examples: ["ada@example.com"] });

export const Registration = z.object({
  email: Email,
  password: z.string().min(PASSWORD_CHARS_MIN).max(PASSWORD_CHARS_MAX),
});
export type Registration = z.infer<typeof Registration>;

export const Credentials = z.object({ email: Email, password: z.string().min(1).max(PASSWORD_CHARS_MAX) });
export type Credentials = z.infer<typeof Credentials>;

export const RefreshRequest = z.object({ refresh_token: z.string().min(1).max(200) });
export type RefreshRequest = z.infer<typeof RefreshRequest>;

export const Tokens = z
  .object({
    access_token: z.string().describe("EdDSA JWT; send it as `Authorization: Bearer`"),
    refresh_token: z.string().describe("Good for one refresh, until the session ends"),
    expires_at: z.iso.datetime().describe("When the access token expires"),
  })
  .meta({ id: "Tokens" });
export type Tokens = z.infer<typeof Tokens>;

export const Account = z
  .object({
    id: z.uuid(),
    email: z.email(),
    email_verified: z.boolean(),
    tenant_id: z.uuid(),
    role: z.enum(["owner", "admin", "member", "readonly"]),
    tier: z.enum(["free", "pro", "power", "team"]),
    created_at: z.iso.datetime(),
  })
  .meta({ id: "Account" });
export type Account = z.infer<typeof Account>;

export const Session = z
  .object({
    id: z.uuid(),
    current: z.boolean().describe("True for the session that asks"),
    ip_address: z.string().nullable(),
    user_agent: z.string().nullable(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: "Session" });
export type Session = z.infer<typeof Session>;

export const Sessions = z.object({ data: z.array(Session), next_cursor: z.null() });

export const SessionId = z.object({ id: Uuid });

const MemberRole = Account.shape.role;

export const Member = z
  .object({
    user_id: z.uuid(),
    email: z.email(),
    role: MemberRole,
    created_at: z.iso.datetime().describe("When they became a member"),
  })
  .meta({ id: "Member" });
export type Member = z.infer<typeof Member>;
export const MemberPage = pageOf(Member);
export const ListMembers = PageQuery;
export type ListMembers = PageQuery;

export const RoleChange = z.object({
  role: MemberRole.describe(
    "`readonly` reads what is theirs, `member` uses everything, `admin` also manages members, `owner` also owners",
  ),
});
export const TenantId = z.object({ id: Uuid });
export const MemberId = TenantId.extend({ user_id: Uuid });

export const JsonWebKeys = z
  .object({
    keys: z.array(
      z.object({
        kty: z.literal("OKP"),
        crv: z.literal("Ed25519"),
        x: z.string(),
        kid: z.string(),
        alg: z.literal("EdDSA"),
        use: z.literal("sig"),
      }),
    ),
  })
  .meta({ id: "JsonWebKeys" });
export type JsonWebKeys = z.infer<typeof JsonWebKeys>;
