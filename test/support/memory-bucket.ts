/** As much of R2 as the product uses, for tests that run outside of workerd. */
export function memoryBucket(): R2Bucket {
  const objects = new Map<string, Uint8Array>();
  const bucket = {
    async put(name: string, value: Uint8Array | ReadableStream) {
      objects.set(name, new Uint8Array(await new Response(value as BodyInit).arrayBuffer()));
    },
    async get(name: string) {
      const bytes = objects.get(name);
      if (!bytes) return null;
      const body = new Response(bytes.slice());
      return { size: bytes.length, body: body.body, arrayBuffer: () => body.arrayBuffer() };
    },
    async delete(names: string | string[]) {
      for (const name of [names].flat()) objects.delete(name);
    },
    async list({ prefix = "" }: { prefix?: string }) {
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix));
      return { objects: keys.map((key) => ({ key })), truncated: false };
    },
  };
  return bucket as unknown as R2Bucket;
}
