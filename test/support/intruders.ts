/** Those who try to reach what is not theirs. */
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import { signAccessToken } from "../../src/features/auth/access-token.ts";
import { sessions } from "../../src/features/auth/tables.ts";
import { members } from "../../src/features/users/tables.ts";
import { readEnv } from "../../src/platform/env.ts";
import { connectAs } from "./database.ts";
import { newUser, type TestUser } from "./users.ts";

const TOKEN_MS = 600_000;

export type Intruder = [who: string, arrive: (owner: TestUser) => Promise<TestUser>];

export const INTRUDERS: Intruder[] = [
  ["a person of another tenant", () => newUser(env)],
  ["another member of the same tenant", newColleague],
];

/** Signed in to the owner's tenant, with a role that may do everything of one's own. */
export async function newColleague({ tenantId }: TestUser): Promise<TestUser> {
  const person = await newUser(env);
  const database = connectAs(env, "postgres");
  await database.insert(members).values({ tenantId, userId: person.userId, role: "member" });
  await database.update(sessions).set({ tenantId }).where(eq(sessions.id, person.sessionId));
  const claims = { ...person, tenantId, expiresAt: Date.now() + TOKEN_MS };
  const accessToken = await signAccessToken(readEnv(env).config, claims, Date.now());
  return { ...person, tenantId, accessToken };
}
