/** Shares of people in tests. */
import { expect } from "vitest";
import type { Collection, Document } from "../../src/features/knowledge/schema.ts";
import { Share } from "../../src/features/sharing/schema.ts";
import { call } from "./api.ts";
import { ingested, newCollection } from "./knowledge.ts";
import type { TestUser } from "./users.ts";

export interface Grant {
  by: TestUser;
  /** Null for every member. */
  to: TestUser | null;
  right: "read" | "write";
  kind?: "collection" | "agent";
}

export function share(
  { id }: { id: string },
  { by, to, right, kind = "collection" }: Grant,
): Promise<Response> {
  const body = { kind, resource_id: id, user_id: to?.userId ?? null, right };
  return call("POST", "/api/v1/shares", { as: by, body });
}

export async function shared(resource: { id: string }, grant: Grant): Promise<Share> {
  const response = await share(resource, grant);
  expect(response.status).toBe(201);
  return Share.parse(await response.json());
}

/** A collection with a document that has been read. */
export async function handbookOf(owner: TestUser): Promise<{ collection: Collection; document: Document }> {
  const collection = await newCollection(owner);
  const content = "The otters of the lake were counted in spring.";
  const document = await ingested(owner, { collection_id: collection.id, content, title: "Count" });
  return { collection, document };
}
