/** Many signed-in people at once, written straight into the database: hashing their passwords would take minutes. */
import { neon } from "@neondatabase/serverless";
import { importJWK, type JWK, SignJWT } from "jose";
import type { LocalPostgres } from "../../dev/postgres/server.ts";
import type { Secrets } from "../../dev/secrets.ts";
import { newId } from "../../src/lib/ids.ts";
import { configureDriver } from "../../src/platform/db-driver.ts";
import { Keyring } from "../../src/platform/keyring.ts";

export interface BenchUser {
  userId: string;
  accessToken: string;
}

const SESSION = "interval '1 day'";
const TOKEN_LIFE_S = 3600;

export async function seedUsers(
  count: number,
  around: { postgres: LocalPostgres; secrets: Secrets; issuer: string },
): Promise<BenchUser[]> {
  const { postgres, secrets, issuer } = around;
  configureDriver({
    url: postgres.urls.admin,
    httpEndpoint: postgres.fetchEndpoint,
    webSocketProxy: postgres.wsProxy,
    timeoutMs: 60_000,
  });
  const sql = neon(postgres.urls.admin);
  const keyring = Keyring.fromJson(secrets.MASTER_KEYS);
  const [jwk] = (JSON.parse(secrets.JWT_KEYS) as { keys: JWK[] }).keys;
  const key = await importJWK(jwk!, "EdDSA");
  const people = Array.from({ length: count }, () => {
    const userId = newId();
    const wrapped = keyring.wrap(keyring.newDataKey(), { ownerId: userId });
    return { userId, tenantId: newId(), sessionId: newId(), wrapped: Buffer.from(wrapped).toString("hex") };
  });
  const rows = JSON.stringify(people);
  const from =
    'from json_to_recordset($1::json) as p("userId" uuid, "tenantId" uuid, "sessionId" uuid, wrapped text)';
  const statements = [
    `insert into users (id, email) select "userId", "userId" || '@bench.example' ${from}`,
    `insert into tenants (id, kind) select "tenantId", 'personal' ${from}`,
    `insert into members (tenant_id, user_id, role) select "tenantId", "userId", 'owner' ${from}`,
    `insert into data_keys (user_id, wrapped, master_key_id) select "userId", decode(wrapped, 'hex'), '${keyring.currentId}' ${from}`,
    `insert into sessions (id, user_id, tenant_id, token, expires_at)
       select "sessionId", "userId", "tenantId", "sessionId"::text, now() + ${SESSION} ${from}`,
  ];
  await sql.transaction(statements.map((statement) => sql.query(statement, [rows])));
  return Promise.all(
    people.map(async ({ userId, tenantId, sessionId }) => ({
      userId,
      accessToken: await new SignJWT({ sid: sessionId, tid: tenantId })
        .setProtectedHeader({ alg: "EdDSA", kid: jwk!.kid!, typ: "at+jwt" })
        .setSubject(userId)
        .setIssuer(issuer)
        .setAudience("adjutant")
        .setIssuedAt()
        .setExpirationTime(Math.floor(Date.now() / 1000) + TOKEN_LIFE_S)
        .sign(key),
    })),
  );
}
