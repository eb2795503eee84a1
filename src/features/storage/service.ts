import type { Ctx } from "../../platform/context.ts";
import { createEmbedder, EMBEDDER_KEY_PURPOSE } from "../../platform/embedder.ts";
import { plainVector } from "../../platform/vector-math.ts";
import { allow } from "../auth/policy.ts";
import { userDataKey } from "../users/service.ts";
import type { Embedding, EmbedRequest } from "./schema.ts";

/**
 * The vector of a text for the device's own store, in the same space as the vectors that the user's hub sends. Stores
 * nothing. Throws `model_unavailable` when an external embedder persistently fails.
 */
export async function embed(ctx: Ctx, { text }: EmbedRequest): Promise<Embedding> {
  await ctx.db.run(allow("embeddings", "create"), () => []);
  const key = (await userDataKey(ctx)).derive(EMBEDDER_KEY_PURPOSE);
  const embedder = createEmbedder(ctx.config.embedder);
  const [vector] = await embedder.embed([text], { key });
  const { id, dimensions } = embedder;
  return { vector: plainVector(vector!), embedder: { id, dimensions } };
}
