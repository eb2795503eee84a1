/** Owners who decide on each other at the same moment, on a real server: one of them stays. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { changeRole } from "../../../src/features/auth/members.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { findPostgres } from "../../support/real-postgres.ts";
import { type RealService, startRealService } from "../../support/real-service.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const bin = await findPostgres();
const OWNERS = 6;
const ROUNDS = 5;

let service: RealService;
let owner: TestUser;
let owners: { userId: string; ctx: Ctx }[];

beforeAll(async () => {
  if (!bin) return;
  service = await startRealService(bin);
  owner = await newUser(service.env);
  owners = [{ userId: owner.userId, ctx: userCtx(service.env, owner) }];
  for (let more = 1; more < OWNERS; more++) {
    const person = await newUser(service.env);
    await service.admin(
      `insert into members (tenant_id, user_id, role) values ('${owner.tenantId}', '${person.userId}', 'owner')`,
    );
    await service.admin(
      `update sessions set tenant_id = '${owner.tenantId}' where id = '${person.sessionId}'`,
    );
    owners.push({
      userId: person.userId,
      ctx: userCtx(service.env, { ...person, tenantId: owner.tenantId }),
    });
  }
});

afterAll(async () => service?.stop());

test.skipIf(!bin)("a tenant whose owners all step down at once keeps one", async () => {
  const { tenantId } = owner;
  for (let round = 0; round < ROUNDS; round++) {
    await service.admin(`update members set role = 'owner' where tenant_id = '${tenantId}'`);
    const ends = await Promise.allSettled(
      owners.map(({ userId, ctx }) => changeRole(ctx, { tenantId, userId }, "member")),
    );
    const refused = ends.filter((end) => end.status === "rejected").map(({ reason }) => reason.code);
    expect(refused).toEqual(["conflict"]);
    const left = await service.admin(
      `select count(*)::integer as count from members where tenant_id = '${tenantId}' and role = 'owner'`,
    );
    expect(left).toEqual([{ count: 1 }]);
  }
});
