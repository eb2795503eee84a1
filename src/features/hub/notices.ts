/** Has hubs told what changed: by whoever made the change, at once, and by the schedule what they could not. */
import { and, asc, desc, eq, gt, inArray, lte, or, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import type { Logger } from "../../lib/logger.ts";
import { someAtOnce } from "../../lib/some-at-once.ts";
import { unlessAborted, within } from "../../lib/time.ts";
import type { Ctx, Ports } from "../../platform/context.ts";
import type { Queries } from "../../platform/db.ts";
import { openSchedulerDatabase, type SchedulerDatabase } from "../../platform/scheduler-db.ts";
import { members } from "../users/tables.ts";
import { type HubOwner, hubOf } from "./client.ts";
import { PublishedEvent } from "./schema.ts";
import { hubNotices } from "./tables.ts";

/** How long a verb waits for hubs; the rest goes on after its answer. */
const VERB_WAITS_MS = 5_000;
const CALL_MS = 10_000;
/** As many as the platform opens connections at once. */
const HUBS_AT_ONCE = 6;
const MEMBERS_AT_ONCE = 100;
/** Notices of one tick. */
const DUE_MAX = 500;
/** With waits of up to an hour between them: about a day. */
const TRIES_MAX = 30;
/**
 * Changes of one thing of which all members are told as each is made. What changes more often than this before the schedule
 * has come by is told by that, once: whoever switches a share on and off does not wake hundreds of hubs each time.
 */
const TOLD_AT_ONCE_MAX = 3;
/** After every member: nobody is left to be told. */
const EVERYONE = "ffffffff-ffff-ffff-ffff-ffffffffffff";
/** Times, a minute apart: who connected while rights were taken may have been let in by the ones before. */
const RIGHTS_TOLD = 2;

/** For the transaction that makes a change, after it; read the answer with `tellHubs`. */
export function selectNotices(queries: Queries) {
  return queries
    .select(NOTICE)
    .from(hubNotices)
    .where(eq(hubNotices.madeIn, sql`pg_current_xact_id()::text`));
}

const HubNotice = z.object({
  id: z.uuid(),
  version: z.int(),
  tenantId: z.uuid(),
  /** Null for all members. */
  userId: z.uuid().nullable(),
  topic: z.string(),
  subjectId: z.uuid(),
  data: z.record(z.string(), z.unknown()),
  toldTo: z.uuid().nullable(),
  tries: z.int(),
});
type HubNotice = z.infer<typeof HubNotice>;

const NOTICE = {
  id: hubNotices.id,
  version: hubNotices.version,
  tenantId: hubNotices.tenantId,
  userId: hubNotices.userId,
  topic: hubNotices.topic,
  subjectId: hubNotices.subjectId,
  data: hubNotices.data,
  toldTo: hubNotices.toldTo,
  tries: hubNotices.tries,
};

interface Teller {
  database: SchedulerDatabase;
  ports: Pick<Ports, "userHub">;
  log: Logger;
}

/** Tells the hubs what `selectNotices` found. The change is made: what fails stays with the schedule, and nothing is thrown. */
export async function tellHubs(ctx: Ctx, found: unknown): Promise<void> {
  const notices = HubNotice.array()
    .parse(found)
    .filter(({ userId, version }) => userId !== null || version <= TOLD_AT_ONCE_MAX);
  if (notices.length === 0) return;
  const teller = { database: openSchedulerDatabase(ctx.config.database), ports: ctx.ports, log: ctx.log };
  const told = tellAll(teller, notices);
  ctx.waitUntil(told.then((done) => settle(teller.database, done)));
  await within(VERB_WAITS_MS, (signal) => unlessAborted(told, signal)).catch((cause: unknown) =>
    ctx.log.warn({ event: "hubs.told_late" }, cause),
  );
}

/** Tells what is due. What fails is due again, later each time. */
export async function tellDueHubs(
  database: SchedulerDatabase,
  ports: Pick<Ports, "userHub">,
  log: Logger,
): Promise<void> {
  const notices = await claimDue(database);
  const worn = notices.filter(({ tries }) => tries > TRIES_MAX);
  for (const { tenantId, userId, topic } of worn) {
    log.error({ event: "hub_notice.given_up", tenant_id: tenantId, user_id: userId, topic });
  }
  await settle(database, worn);
  const fresh = notices.filter(({ tries }) => tries <= TRIES_MAX);
  await settle(database, await tellAll({ database, ports, log }, fresh));
}

async function claimDue(database: SchedulerDatabase): Promise<HubNotice[]> {
  const [rows] = await database.run((queries) => [
    queries
      .update(hubNotices)
      .set({
        tries: sql`${hubNotices.tries} + 1`,
        dueAt: sql`now() + least(interval '1 hour', interval '1 minute' * power(2, ${hubNotices.tries}))`,
      })
      .where(
        inArray(
          hubNotices.id,
          queries
            .select({ id: hubNotices.id })
            .from(hubNotices)
            .where(lte(hubNotices.dueAt, sql`now()`))
            // What one tenant has a lot of keeps nobody's rights waiting.
            .orderBy(desc(IS_OF_RIGHTS), asc(hubNotices.dueAt), asc(hubNotices.id))
            .limit(DUE_MAX)
            .for("update", { skipLocked: true }),
        ),
      )
      .returning(NOTICE),
  ]);
  const claimed = HubNotice.array().parse(rows);
  return claimed.toSorted((one, other) => Number(isOfRights(other)) - Number(isOfRights(one)));
}

const IS_OF_RIGHTS = eq(hubNotices.topic, "rights");

function isOfRights({ topic }: HubNotice): boolean {
  return topic === "rights";
}

/** Those that need not be told again. */
async function tellAll(teller: Teller, notices: readonly HubNotice[]): Promise<HubNotice[]> {
  const done: HubNotice[] = [];
  await someAtOnce(HUBS_AT_ONCE, notices, async (notice) => {
    const isTold =
      notice.userId === null ? await tellEveryone(teller, notice) : await tell(teller, notice, notice.userId);
    if (isTold && (!isOfRights(notice) || notice.tries >= RIGHTS_TOLD)) done.push(notice);
  });
  return done;
}

/** Page by page: who comes after does not begin anew. A hub that cannot be told is owed it by itself. */
async function tellEveryone(teller: Teller, notice: HubNotice): Promise<boolean> {
  const { database, log } = teller;
  try {
    for (let after = notice.toldTo; ; ) {
      const page = await nextMembers(database, notice.tenantId, after);
      await someAtOnce(HUBS_AT_ONCE, page, async (userId) => {
        if (!(await tell(teller, notice, userId))) await owe(database, notice, userId);
      });
      after = page.at(-1) ?? null;
      if (after === null || page.length < MEMBERS_AT_ONCE) return true;
      await noteToldTo(database, notice, after);
    }
  } catch (cause) {
    log.warn({ event: "hubs.untold", tenant_id: notice.tenantId, topic: notice.topic }, cause);
    return false;
  }
}

async function tell({ ports, log }: Teller, notice: HubNotice, userId: string): Promise<boolean> {
  const { tenantId, topic } = notice;
  try {
    await within(CALL_MS, (signal) => unlessAborted(callHub(ports, { tenantId, userId }, notice), signal));
    return true;
  } catch (cause) {
    log.warn({ event: "hub.untold", tenant_id: tenantId, user_id: userId, topic }, cause);
    return false;
  }
}

async function callHub(ports: Teller["ports"], owner: HubOwner, { topic, data }: HubNotice): Promise<void> {
  if (topic === "rights") await hubOf(ports, owner).rightsChanged();
  else await hubOf(ports, owner).publishEvent(PublishedEvent.parse({ topic, data }));
}

async function nextMembers(
  database: SchedulerDatabase,
  tenantId: string,
  after: string | null,
): Promise<string[]> {
  const [rows] = await database.run((queries) => [
    queries
      .select({ userId: members.userId })
      .from(members)
      .where(and(eq(members.tenantId, tenantId), after === null ? undefined : gt(members.userId, after)))
      .orderBy(asc(members.userId))
      .limit(MEMBERS_AT_ONCE),
  ]);
  return rows.map(({ userId }) => userId);
}

/** What it is owed of the same thing already is newer or the same. */
async function owe(
  database: SchedulerDatabase,
  { tenantId, topic, subjectId, data }: HubNotice,
  userId: string,
) {
  await database.run((queries) => [
    queries
      .insert(hubNotices)
      .values({ tenantId, userId, topic, subjectId, data, dueAt: sql`now() + interval '1 minute'` })
      .onConflictDoNothing(),
  ]);
}

async function noteToldTo(database: SchedulerDatabase, notice: HubNotice, toldTo: string): Promise<void> {
  await database.run((queries) => [queries.update(hubNotices).set({ toldTo }).where(isStill(notice))]);
}

/**
 * Unless something changes again meanwhile: who holds such a row is not waited for, since they hold others too. What a verb
 * told all members stays until the schedule comes by: its version says how often it changes.
 */
async function settle(database: SchedulerDatabase, told: readonly HubNotice[]): Promise<void> {
  const [kept, notices] = [told.filter(isToldAtOnce), told.filter((notice) => !isToldAtOnce(notice))];
  for (const notice of kept) await noteToldTo(database, notice, EVERYONE);
  if (notices.length === 0) return;
  await database.run((queries) => [
    queries.delete(hubNotices).where(
      inArray(
        hubNotices.id,
        queries
          .select({ id: hubNotices.id })
          .from(hubNotices)
          .where(or(...notices.map(isStill)))
          .for("update", { skipLocked: true }),
      ),
    ),
  ]);
}

function isToldAtOnce({ userId, tries }: HubNotice): boolean {
  return userId === null && tries === 0;
}

function isStill({ id, version }: HubNotice): SQL | undefined {
  return and(eq(hubNotices.id, id), eq(hubNotices.version, version));
}
