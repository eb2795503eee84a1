/**
 * Wraps the data key of every user and of every tenant anew under the current master key: `MASTER_KEYS=… IDENTITY_DATABASE_URL=… npm run keys:rotate`.
 * What the data keys sealed stays as it is.
 */
import { Client } from "@neondatabase/serverless";
import { AppError } from "../src/lib/errors.ts";
import { Keyring } from "../src/platform/keyring.ts";

export interface RotateTarget {
  /** Connection string of the identity role, which alone may touch data keys. */
  url: string;
  /** Address of a local proxy, `host:port/path`; absent for Neon itself. */
  wsProxy?: string;
  keyring: Keyring;
  /** Told after each batch. */
  onProgress?: (progress: RotateProgress) => void;
  batchRows?: number;
}

export interface RotateProgress {
  /** Data keys that were under another master key when this run began. */
  total: number;
  done: number;
}

export interface RotateReport {
  rewrapped: number;
  /** Users and tenants whose data key cannot be opened: its master key is missing, or the bytes are not genuine. */
  unreadable: string[];
  /** Data keys in the database under each master key but the current one. */
  inUse: Map<string, number>;
  /** Hubs that may hold a copy under each master key but the current one. */
  inHubs: Map<string, number>;
}

/** No data key in the database needs another key than the current one, and no hub's copy does. */
export function isRetirable({ inUse, inHubs }: RotateReport): boolean {
  return inUse.size === 0 && inHubs.size === 0;
}

const BATCH_ROWS = 200;
const NOBODY = "00000000-0000-0000-0000-000000000000";

/** Where data keys are, and the column that says whose. */
const KEPT_IN = [
  { table: "data_keys", owner: "user_id" },
  { table: "tenant_keys", owner: "tenant_id" },
] as const;
type Place = (typeof KEPT_IN)[number];

/**
 * Safe to stop at any moment, to run again and to run beside the Worker: each batch is one statement, and a key that
 * somebody else wrapped meanwhile is left alone.
 */
export async function rotateKeys(target: RotateTarget): Promise<RotateReport> {
  const client = connect(target);
  await client.connect();
  try {
    const ofUsers = await rewrapAll(client, target, KEPT_IN[0]);
    const ofTenants = await rewrapAll(client, target, KEPT_IN[1]);
    const { currentId } = target.keyring;
    return {
      rewrapped: ofUsers.rewrapped + ofTenants.rewrapped,
      unreadable: [...ofUsers.unreadable, ...ofTenants.unreadable],
      inUse: await countOthers(
        client,
        "(SELECT master_key_id FROM data_keys UNION ALL SELECT master_key_id FROM tenant_keys) AS kept",
        currentId,
      ),
      // A copy that is on its way to a hub just now is wrapped anew when it gets there.
      inHubs: await countOthers(client, "hub_keys", currentId),
    };
  } finally {
    await client.end();
  }
}

/** Rows by master key, those of the current one apart. */
async function countOthers(client: Client, from: string, currentId: string): Promise<Map<string, number>> {
  const { rows } = await client.query<{ id: string; count: string }>(
    `SELECT master_key_id AS id, count(*) AS count FROM ${from} WHERE master_key_id <> $1 GROUP BY 1 ORDER BY 1`,
    [currentId],
  );
  return new Map(rows.map(({ id, count }) => [id, Number(count)]));
}

async function rewrapAll(
  client: Client,
  { keyring, onProgress, batchRows = BATCH_ROWS }: RotateTarget,
  place: Place,
) {
  const { rows } = await client.query<{ count: string }>(
    `SELECT count(*) AS count FROM ${place.table} WHERE master_key_id <> $1`,
    [keyring.currentId],
  );
  const total = Number(rows[0]?.count ?? 0);
  const unreadable: string[] = [];
  let [done, rewrapped, after] = [0, 0, NOBODY];
  for (;;) {
    const batch = await nextBatch(client, place, { currentId: keyring.currentId, after, limit: batchRows });
    const last = batch.at(-1);
    if (!last) return { rewrapped, unreadable };
    after = last.ownerId;
    const changes = batch.flatMap((row) => {
      const wrapped = rewrap(keyring, row);
      if (!wrapped) unreadable.push(row.ownerId);
      return wrapped ? [{ ...row, wrapped }] : [];
    });
    rewrapped += await store(client, place, keyring.currentId, changes);
    done += batch.length;
    onProgress?.({ total: Math.max(total, done), done });
  }
}

interface WrappedKey {
  ownerId: string;
  /** As the database has it. */
  stored: Uint8Array;
}

async function nextBatch(
  client: Client,
  { table, owner }: Place,
  { currentId, after, limit }: { currentId: string; after: string; limit: number },
): Promise<WrappedKey[]> {
  const { rows } = await client.query<{ owner: string; wrapped: string }>(
    `SELECT ${owner} AS owner, encode(wrapped, 'hex') AS wrapped FROM ${table}
     WHERE master_key_id <> $1 AND ${owner} > $2::uuid ORDER BY ${owner} LIMIT $3`,
    [currentId, after, limit],
  );
  return rows.map(({ owner: ownerId, wrapped }) => ({ ownerId, stored: Buffer.from(wrapped, "hex") }));
}

/** Null for a key that cannot be opened. */
function rewrap(keyring: Keyring, { ownerId, stored }: WrappedKey): Uint8Array | null {
  try {
    return keyring.rewrap(stored, { ownerId });
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

async function store(
  client: Client,
  { table, owner }: Place,
  currentId: string,
  changes: readonly (WrappedKey & { wrapped: Uint8Array })[],
): Promise<number> {
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  const { rowCount } = await client.query(
    `UPDATE ${table} SET wrapped = decode(change.wrapped, 'hex'), master_key_id = $4, updated_at = now()
     FROM unnest($1::uuid[], $2::text[], $3::text[]) AS change (owner, stored, wrapped)
     WHERE ${table}.${owner} = change.owner AND ${table}.wrapped = decode(change.stored, 'hex')`,
    [
      changes.map(({ ownerId }) => ownerId),
      changes.map(({ stored }) => hex(stored)),
      changes.map(({ wrapped }) => hex(wrapped)),
      currentId,
    ],
  );
  return rowCount ?? 0;
}

function connect({ url, wsProxy }: RotateTarget): Client {
  const client = new Client(url);
  if (wsProxy) {
    client.neonConfig.wsProxy = () => wsProxy;
    client.neonConfig.useSecureWebSocket = false;
    client.neonConfig.pipelineTLS = false;
    client.neonConfig.pipelineConnect = "password";
  }
  return client;
}

/** What the operator is told. */
export function describeReport(report: RotateReport, currentId: string): string[] {
  const { rewrapped, unreadable, inUse, inHubs } = report;
  const lines = [`${rewrapped} data keys are wrapped anew by ${currentId}.`];
  for (const [id, count] of inUse) lines.push(`${id} still wraps ${count} data keys: keep it.`);
  for (const ownerId of unreadable)
    lines.push(`The data key of ${ownerId} cannot be opened with these MASTER_KEYS.`);
  for (const [id, count] of inHubs) lines.push(`${id} may still wrap the copies of ${count} hubs: keep it.`);
  if (isRetirable(report)) lines.push("Every other key can be retired: nothing needs it any more.");
  else if (inUse.size === 0)
    lines.push(
      "The Worker has its hubs wrap their copies anew, every five minutes some: run this again later.",
    );
  return lines;
}

async function main(): Promise<void> {
  const { IDENTITY_DATABASE_URL: url, MASTER_KEYS: masterKeys, NEON_WS_PROXY: wsProxy } = process.env;
  if (!url || !masterKeys)
    throw new Error("Set IDENTITY_DATABASE_URL and MASTER_KEYS to what the Worker has.");
  const keyring = Keyring.fromJson(masterKeys);
  const onProgress = ({ done, total }: RotateProgress) => console.log(`${done} of ${total} …`);
  const report = await rotateKeys({ url, keyring, onProgress, ...(wsProxy ? { wsProxy } : {}) });
  for (const line of describeReport(report, keyring.currentId)) console.log(line);
  if (report.unreadable.length > 0) process.exitCode = 1;
}

if (import.meta.main) {
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
