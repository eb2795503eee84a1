/** Random keys for a local Worker: made at the first start, kept with the state they protect. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The secrets a Worker cannot start without, as its settings spell them. */
export interface Secrets {
  MASTER_KEYS: string;
  JWT_KEYS: string;
  AUTH_SECRET: string;
}

export function createSecrets(): Secrets {
  const { privateKey } = generateKeyPairSync("ed25519");
  const jwk = { ...privateKey.export({ format: "jwk" }), kid: randomBytes(8).toString("hex") };
  return {
    MASTER_KEYS: JSON.stringify({ current: "k1", keys: { k1: randomBytes(32).toString("base64") } }),
    JWT_KEYS: JSON.stringify({ keys: [jwk] }),
    AUTH_SECRET: randomBytes(32).toString("base64url"),
  };
}

/** The secrets of `stateDir`; what was encrypted there can be read with no others. */
export async function secretsOf(stateDir: string): Promise<Secrets> {
  const path = join(stateDir, "secrets.json");
  const saved = await readFile(path, "utf8").catch(() => undefined);
  if (saved) return JSON.parse(saved);
  const secrets = createSecrets();
  await mkdir(stateDir, { recursive: true });
  await writeFile(path, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  return secrets;
}
