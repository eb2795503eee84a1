import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** Cost of one hash: 2^15 × 8 × 128 bytes = 32 MiB of memory, about 80 ms of CPU in workerd (spec 7). */
const COST = { N: 2 ** 15, r: 8, p: 1 };
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** Node refuses to use more than this; an isolate has 128 MB for everything. */
const MEMORY_BYTES_MAX = 64 * 1024 * 1024;

/** `scrypt$N$r$p$salt$key`, so that the cost can rise and old hashes still verify. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const key = await derive(password, salt, COST);
  return ["scrypt", COST.N, COST.r, COST.p, salt.toString("base64url"), key.toString("base64url")].join("$");
}

/** False for a wrong password and for a hash of another kind, after the same work. */
export async function verifyPassword({
  hash,
  password,
}: {
  hash: string;
  password: string;
}): Promise<boolean> {
  const [kind, n, r, p, salt, key] = hash.split("$");
  if (kind !== "scrypt" || salt === undefined || key === undefined) {
    await derive(password, randomBytes(SALT_BYTES), COST);
    return false;
  }
  const expected = Buffer.from(key, "base64url");
  const found = await derive(password, Buffer.from(salt, "base64url"), {
    N: Number(n),
    r: Number(r),
    p: Number(p),
  });
  return expected.length === found.length && timingSafeEqual(expected, found);
}

/** Unicode lets one password be typed in several ways: NFKC makes them one (RFC 8265). */
function derive(password: string, salt: Uint8Array, cost: typeof COST): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(
      password.normalize("NFKC"),
      salt,
      KEY_BYTES,
      { ...cost, maxmem: MEMORY_BYTES_MAX },
      (error, key) => (error ? reject(error) : resolve(key)),
    );
  });
}
