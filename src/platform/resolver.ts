/** Names to addresses by DNS over HTTPS, in the JSON form that public resolvers offer. */
import * as z from "zod";

const TIMEOUT_MS = 5_000;
const ATTEMPTS = 2;
const [A, AAAA] = [1, 28];

const Answer = z.object({
  Status: z.int(),
  Answer: z.array(z.object({ type: z.int(), data: z.string() })).default([]),
});

/** Of both families; none for a name that does not exist. Throws when the resolver does not answer. */
export async function addressesOf(resolverUrl: string, host: string, signal: AbortSignal): Promise<string[]> {
  const found = await Promise.all([A, AAAA].map((type) => asked(resolverUrl, host, type, signal)));
  return found.flat();
}

async function asked(
  resolverUrl: string,
  host: string,
  type: number,
  signal: AbortSignal,
): Promise<string[]> {
  const url = new URL(resolverUrl);
  url.searchParams.set("name", host);
  url.searchParams.set("type", String(type));
  for (let attempt = 1; ; attempt++) {
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await fetch(url, { headers: { accept: "application/dns-json" }, signal: limit });
      if (!response.ok) throw new Error(`The resolver answered ${response.status}.`);
      const { Status, Answer: records } = Answer.parse(await response.json());
      if (Status !== NO_ERROR && Status !== NO_SUCH_NAME)
        throw new Error(`The resolver answered code ${Status}.`);
      return records.filter((record) => record.type === type).map(({ data }) => data);
    } catch (cause) {
      if (attempt === ATTEMPTS || signal.aborted) throw cause;
    }
  }
}

const NO_ERROR = 0;
const NO_SUCH_NAME = 3;
