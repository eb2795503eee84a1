/** Limits that several requests reach at the same moment, on a real server: none of them lets one too many pass. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { CreateAgent } from "../../../src/features/custom-agents/schema.ts";
import { createAgent, ownedAgent } from "../../../src/features/custom-agents/service.ts";
import type { CreateCollection } from "../../../src/features/knowledge/schema.ts";
import {
  createCollection,
  createDocument,
  deleteCollection,
  ownedCollection,
  undeleteCollection,
} from "../../../src/features/knowledge/service.ts";
import { createShare } from "../../../src/features/sharing/service.ts";
import { newId } from "../../../src/lib/ids.ts";
import type { Ctx } from "../../../src/platform/context.ts";
import { findPostgres } from "../../support/real-postgres.ts";
import { type RealService, startRealService } from "../../support/real-service.ts";
import { newUser, type TestUser, userCtx } from "../../support/users.ts";

const bin = await findPostgres();
const RIVALS = 8;
const ROOM = 3;

const COLLECTION: CreateCollection = {
  name: "Race",
  description: "",
  settings: { chunk_tokens: 64, overlap_tokens: 0 },
  versions_kept: 10,
};
const OWNED = { collection: ownedCollection, agent: ownedAgent };

let service: RealService;
let user: TestUser;
let person: Ctx;

beforeAll(async () => {
  if (!bin) return;
  service = await startRealService(bin);
  user = await newUser(service.env);
  await service.admin(`update tenants set tier = 'pro' where id = '${user.tenantId}'`);
  person = userCtx(service.env, user);
});

afterAll(async () => service?.stop());

const newCollection = () => createCollection(person, COLLECTION, newId());

/** As many as there is room for get what they ask for; the others are told of the limit. */
async function raced(ask: (rival: number) => Promise<unknown>): Promise<void> {
  const ends = await Promise.allSettled(Array.from({ length: RIVALS }, (_, rival) => ask(rival)));
  const lost = ends.filter((end) => end.status === "rejected").map(({ reason }) => reason);
  expect(lost.map(({ code, detail }) => [code, detail])).toEqual(
    Array(RIVALS - ROOM).fill(["conflict", expect.stringMatching(/\b(100|10,000)\b/)]),
  );
}

async function count(from: string): Promise<unknown> {
  return (await service.admin(`select count(*)::integer as count from ${from}`))[0]?.["count"];
}

test.skipIf(!bin)("a person has no collection too many, made or brought back", async () => {
  const own = `collections where user_id = '${user.userId}' and deleted_at is null`;
  const { id } = await newCollection();
  const copies = (more: number) =>
    service.admin(`
      insert into collections (id, tenant_id, user_id, body, chunk_tokens, overlap_tokens, embedder)
      select gen_random_uuid(), tenant_id, user_id, body, chunk_tokens, overlap_tokens, embedder
      from collections, generate_series(1, ${more}) where id = '${id}'`);
  await copies(99 - ROOM);
  await raced(newCollection);
  expect(await count(own)).toBe(100);
  await service.admin(`delete from collections where user_id = '${user.userId}' and id <> '${id}'`);
  const gone = await Promise.all(Array.from({ length: RIVALS }, newCollection));
  for (const each of gone) await deleteCollection(person, each.id, undefined);
  await copies(99 - ROOM);
  await raced((rival) => undeleteCollection(person, gone[rival]?.id ?? ""));
  expect(await count(own)).toBe(100);
  await service.admin(`delete from collections where user_id = '${user.userId}'`);
});

test.skipIf(!bin)("a collection has no document too many", async () => {
  const { id } = await newCollection();
  await service.admin(`
    insert into documents (id, tenant_id, user_id, collection_id, collection, body, type, size, status)
    select gen_random_uuid(), tenant_id, user_id, id, number, '\\x00', 'text', 1, 'ready'
    from collections, generate_series(1, ${10_000 - ROOM}) where id = '${id}'`);
  const input = { collection_id: id, content: "An otter.", encoding: "text", type: "text" } as const;
  await raced(() => createDocument(person, input, newId()));
  expect(await count(`documents where collection_id = '${id}'`)).toBe(10_000);
});

test.skipIf(!bin)("one thing is shared with nobody too many", async () => {
  const { id } = await newCollection();
  const members = await service.admin(`
    with people as (
      insert into users (id, email) select gen_random_uuid(), gen_random_uuid() || '@example.com'
      from generate_series(1, ${100 + RIVALS}) returning id
    )
    insert into members (tenant_id, user_id, role) select '${user.tenantId}', id, 'member' from people
    returning user_id`);
  const ids = members.map((member) => String(member["user_id"]));
  await service.admin(`
    insert into shares (id, tenant_id, user_id, kind, resource_id, grantee_id, "right")
    select gen_random_uuid(), '${user.tenantId}', '${user.userId}', 'collection', '${id}', grantee, 'read'
    from unnest('{${ids.slice(RIVALS, RIVALS + 100 - ROOM).join(",")}}'::uuid[]) as grantee`);
  await raced((rival) =>
    createShare(
      person,
      OWNED,
      { kind: "collection", resource_id: id, user_id: ids[rival] ?? "", right: "read" },
      newId(),
    ),
  );
  expect(await count(`shares where resource_id = '${id}'`)).toBe(100);
});

test.skipIf(!bin)("a person has no agent too many", async () => {
  const definition = CreateAgent.parse({ name: "Racer", kind: "chat" });
  const { id } = await createAgent(person, definition, newId());
  await service.admin(`
    insert into custom_agents (id, tenant_id, user_id, kind, delegable)
    select gen_random_uuid(), tenant_id, user_id, kind, delegable from custom_agents, generate_series(1, ${99 - ROOM})
    where id = '${id}'`);
  await raced(() => createAgent(person, definition, newId()));
  expect(await count(`custom_agents where user_id = '${user.userId}'`)).toBe(100);
});
