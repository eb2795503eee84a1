/** Documents that are fetched from an address: by the queue, once for each upload. */
import { eq } from "drizzle-orm";
import type { JobCtx } from "../../platform/context.ts";
import { EgressProblem, type Fetched, fetchPublic } from "../../platform/fetch.ts";
import { allow } from "../auth/policy.ts";
import { DocumentProblem, PARSE_LIMITS } from "./core/parse/document.ts";
import { HEAD_BYTES, typeOfHead } from "./core/parse/file-head.ts";
import { dropOrphans, objectName } from "./erasure.ts";
import type { Reading } from "./indexing.ts";
import { documentVersions } from "./tables.ts";
import type { DocumentBody, KnowledgeVault } from "./vault.ts";

/** How often what may pass is tried before it is told; the queue waits longer each time. */
const ATTEMPTS_MAX = 3;
/** What is fetched is there plain and as it came for a moment. */
const BYTES_MAX = PARSE_LIMITS.textBytesMax;

/** Keeps what came as if it had been uploaded. Throws `DocumentProblem` with what went wrong. */
export async function fetchUpload(
  ctx: JobCtx,
  vault: KnowledgeVault,
  { document, upload }: Reading,
  body: DocumentBody & { url: string },
): Promise<{ bytes: Uint8Array; body: DocumentBody }> {
  const permission = allow("documents", "ingest");
  const { bytes, type, url } = await fetched(ctx, body.url, document.attempts);
  const claim = { type, name: lastSegment(url) };
  const known = { ...body, claim };
  // What is known of the bytes first: whoever finds them finds that too.
  await ctx.db.run(permission, (queries) => [
    queries
      .update(documentVersions)
      .set({
        body: vault.sealDocument(document.id, known),
        type: typeOfHead(bytes.subarray(0, HEAD_BYTES), claim),
        size: bytes.length,
      })
      .where(eq(documentVersions.uploadId, upload.uploadId)),
  ]);
  const name = objectName(ctx.tenantId, document.id, upload.uploadId);
  await vault.objects(ctx.ports.objects).putStream(name, {
    bytes: new Response(bytes).body ?? new ReadableStream(),
    size: bytes.length,
  });
  await dropOrphans(ctx, permission, [{ documentId: document.id, uploadId: upload.uploadId }]);
  return { bytes, body: known };
}

async function fetched(ctx: JobCtx, url: string, attempts: number): Promise<Fetched> {
  try {
    return await fetchPublic(ctx.config.egress, url, { bytesMax: BYTES_MAX });
  } catch (problem) {
    if (!(problem instanceof EgressProblem)) throw problem;
    if (problem.isPassing && attempts < ATTEMPTS_MAX) throw problem;
    throw new DocumentProblem("unreachable", problem.message, problem);
  }
}

/** Its ending tells kinds of text apart. */
function lastSegment(address: string): string | undefined {
  return new URL(address).pathname.split("/").at(-1) || undefined;
}
