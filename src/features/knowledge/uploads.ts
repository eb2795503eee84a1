/** Files that come as bytes, of any size that is taken: what each one is, is looked at before it is stored. */
import { peek } from "../../lib/bounded-stream.ts";
import { AppError } from "../../lib/errors.ts";
import type { Upload as File } from "../../lib/upload-routes.ts";
import type { Ctx } from "../../platform/context.ts";
import type { SealedObjects } from "../../platform/objects.ts";
import { acceptDocuments, acceptReplacement, type Upload } from "./acceptance.ts";
import { DocumentProblem, type DocumentType } from "./core/parse/document.ts";
import { HEAD_BYTES, typeOfHead } from "./core/parse/file-head.ts";
import type { Document, ReplacementFields, UploadFields } from "./schema.ts";

/** Accepts a file as a document; the queue reads it. Throws `unsupported_media_type` for what is never read. */
export async function uploadDocument(
  ctx: Ctx,
  { collection_id: collectionId, ...described }: UploadFields,
  file: File,
  id: string,
): Promise<Document> {
  return taking(file, async (upload) => {
    const [made] = await acceptDocuments(ctx, [
      { ...upload, ...described, documentId: id, uploadId: id, collectionId },
    ]);
    if (!made) throw new AppError("not_found");
    return made;
  });
}

/** As `replaceDocument`, with a file. */
export async function replaceWithUpload(
  ctx: Ctx,
  documentId: string,
  described: ReplacementFields,
  file: File,
  uploadId: string,
  ifMatch: readonly number[] | undefined,
): Promise<Document> {
  return taking(file, (upload) =>
    acceptReplacement(ctx, { ...upload, ...described, documentId, uploadId }, ifMatch),
  );
}

type Taken = Pick<Upload, "type" | "claim" | "size" | "store">;

async function taking(file: File, accept: (upload: Taken) => Promise<Document>): Promise<Document> {
  const { head, stream } = await peek(file.bytes, HEAD_BYTES);
  try {
    const claim = { type: file.type, name: file.name };
    const { size } = file;
    const store = (objects: SealedObjects, name: string) => objects.putStream(name, { bytes: stream, size });
    return await accept({ type: typeOf(head, claim), claim, size, store });
  } finally {
    // Of one that was refused the rest is not waited for.
    await stream.cancel().catch(() => undefined);
  }
}

function typeOf(
  head: Uint8Array,
  claim: { type: string | undefined; name: string | undefined },
): DocumentType {
  if (head.length === 0) throw new AppError("bad_request", { detail: "The file is empty." });
  try {
    return typeOfHead(head, claim);
  } catch (problem) {
    if (!(problem instanceof DocumentProblem)) throw problem;
    throw new AppError("unsupported_media_type", { detail: problem.message, cause: problem });
  }
}
