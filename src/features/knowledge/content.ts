import { desc, eq, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import type { Ctx } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import type { DocumentType } from "./core/parse/document.ts";
import { rowOf } from "./document-rows.ts";
import { objectName } from "./erasure.ts";
import { documentVersions } from "./tables.ts";
import { openVault } from "./vault.ts";

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

/**
 * The bytes as they were sent or fetched: of the upload that can be found, else of the newest. Throws `not_found`, and
 * `conflict` while they are not there.
 */
export async function documentContent(ctx: Ctx, id: string): Promise<Response> {
  const permission = allow("documents", "read");
  const [[document], [upload]] = await ctx.db.run(permission, (queries) => [
    rowOf(queries, ctx, id),
    queries
      .select()
      .from(documentVersions)
      .where(eq(documentVersions.documentId, id))
      .orderBy(sql`upper_inf(${documentVersions.versions}) desc`, desc(documentVersions.number))
      .limit(1),
  ]);
  if (!document || !upload) throw new AppError("not_found");
  const vault = await openVault(ctx, permission);
  const object = await vault
    .objects(ctx.ports.objects)
    .getStream(objectName(ctx.tenantId, id, upload.uploadId));
  if (!object) throw new AppError("conflict", { detail: "Its bytes have not come yet." });
  const [media, ending] = FORMATS[upload.type];
  const headers = {
    ...AS_FILE,
    "content-type": media,
    "content-length": String(object.size),
    "content-disposition": `attachment; filename*=UTF-8''${fileName(vault.openTitle({ ...upload, id }), ending)}`,
  };
  return new Response(object.bytes, { headers });
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
