import { and, desc, eq, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import type { DocumentType } from "./core/parse/document.ts";
import { ENDED_STATES, rowOf } from "./document-rows.ts";
import { objectName } from "./erasure.ts";
import type { UploadRow } from "./indexing.ts";
import { documentVersions } from "./tables.ts";
import { type KnowledgeVault, openVault } from "./vault.ts";
import { shownUpload } from "./versions.ts";

const FORMATS: Readonly<Record<DocumentType, readonly [media: string, ending: string]>> = {
  text: ["text/plain", "txt"],
  markdown: ["text/markdown", "md"],
  html: ["text/html", "html"],
  pdf: ["application/pdf", "pdf"],
  docx: ["application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"],
  eml: ["message/rfc822", "eml"],
  csv: ["text/csv", "csv"],
  json: ["application/json", "json"],
};
/** Whatever it is, a browser keeps it for what it is, and runs nothing of it. */
const AS_FILE = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; sandbox",
};
const NAME_CHARS_MAX = 100;
const NOT_KEPT = "No such upload of it is kept, or you may not see it: `…/versions` lists those that are.";

/**
 * The bytes as they were sent or fetched: of the upload with this number, else of the one that can be found, else of the
 * newest. Throws `not_found` where they are not kept, or the person may see the newest version alone, and `conflict` while
 * they are on their way.
 */
export async function documentContent(ctx: Ctx, id: string, number?: number): Promise<Response> {
  const permission = allow("documents", "read");
  const [[document], [upload]] = await ctx.db.run(permission, (queries) => [
    rowOf(queries, ctx, id),
    queries
      .select()
      .from(documentVersions)
      .where(and(shownUpload(id), number === undefined ? undefined : eq(documentVersions.number, number)))
      .orderBy(sql`upper_inf(${documentVersions.versions}) desc`, desc(documentVersions.number))
      .limit(1),
  ]);
  if (!document) throw new AppError("not_found");
  if (!upload) throw new AppError("not_found", { detail: NOT_KEPT });
  const vault = await openVault(ctx, permission);
  const object = await storedOf(ctx, vault, upload);
  if (!object) {
    const isAwaited = upload.number === document.upload && !ENDED_STATES.includes(document.status);
    throw isAwaited
      ? new AppError("conflict", { detail: "Its bytes have not come yet." })
      : new AppError("not_found", { detail: "Its bytes did not come." });
  }
  const [media, ending] = FORMATS[upload.type];
  const headers = {
    ...AS_FILE,
    "content-type": media,
    "content-length": String(object.size),
    "content-disposition": `attachment; filename*=UTF-8''${fileName(vault.openTitle({ ...upload, id }), ending)}`,
  };
  return new Response(object.bytes, { headers });
}

/** One that is to be read again gets bytes of its own when it is read. */
async function storedOf(ctx: Ctx, vault: KnowledgeVault, { documentId, uploadId, copyOf }: UploadRow) {
  const objects = vault.objects(ctx.ports.objects);
  for (const id of [uploadId, copyOf]) {
    const object = id && (await objects.getStream(objectName(ctx.tenantId, documentId, id)));
    if (object) return object;
  }
  return null;
}

/** As RFC 8187 writes it. */
function fileName(title: string, ending: string): string {
  const plain = title
    .replace(/[^\p{L}\p{M}\p{N}._-]+/gu, " ")
    .trim()
    .slice(0, NAME_CHARS_MAX)
    .toWellFormed();
  const name = plain === "" ? "document" : plain;
  return encodeURIComponent(name.toLowerCase().endsWith(`.${ending}`) ? name : `${name}.${ending}`);
}
