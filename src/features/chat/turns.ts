import { type SQL, sql } from "drizzle-orm";
import { AppError } from "../../lib/errors.ts";
import { isUuid } from "../../lib/ids.ts";
import { sleep } from "../../lib/time.ts";
import { type Ctx, userIdOf } from "../../platform/context.ts";
import { allow } from "../auth/policy.ts";
import { openRunnable, rosterMarkOf, selectRosterMark, selectRunnable } from "../custom-agents/service.ts";
import { type ChatTurn, type HubCaller, hubOf } from "../hub/client.ts";
import { selectRemembered } from "../memory/service.ts";
import { selectChat } from "./chats.ts";
import type { ChatContext } from "./schema.ts";
import { chats } from "./tables.ts";
import { type FollowedFrame, followTurn, type TurnPosition } from "./turn-frames.ts";

/** A hub that restarts is back within a second; six fruitless connections take about that times three. */
const FRUITLESS_MAX = 6;
const PAUSE_MS = 100;
const PAUSE_MAX_MS = 2_000;

/** Nothing has this id: asked for, it adds nothing to a round trip that is made anyway. */
const NOTHING = "00000000-0000-0000-0000-000000000000";

export interface StartTurn {
  requestId: string;
  message: string;
  chat_id?: string | undefined;
  /** Of the person's own agent that answers in place of the assistant. */
  agentId?: string | undefined;
  context?: ChatContext | undefined;
}

/**
 * Starts a turn and yields its frames to the end; a repeated request id takes the same turn up again, from `from` on.
 * The first frame is there when this returns, so that a refusal (`not_found`, `busy`, `forbidden`) is thrown here.
 * Leaving the frames early does not stop the turn.
 */
export async function startTurn(
  ctx: Ctx,
  { requestId, message, chat_id, agentId, context }: StartTurn,
  from?: TurnPosition,
): Promise<AsyncGenerator<FollowedFrame>> {
  const { agent, ...known } = await requireStart(ctx, chat_id, agentId);
  const caller = { ...callerOf(ctx), ...known };
  const { conversation_history: history, ...rest } = context ?? {};
  const turn: ChatTurn = {
    requestId,
    message,
    ...(agent ? { agent } : {}),
    ...(chat_id === undefined ? (history ? { history } : {}) : { chatId: chat_id }),
    ...(Object.keys(rest).length > 0 ? { context: rest } : {}),
  };
  const frames = followTurn((position) => openTurn(ctx, caller, turn, position), {
    ...(from ? { from } : {}),
    fruitlessMax: FRUITLESS_MAX,
    pause: (attempt) => sleep(Math.min(PAUSE_MS * 2 ** (attempt - 1), PAUSE_MAX_MS)),
  });
  return withFirst(frames);
}

/** With what the database has just said of them, so that a hub which never saw them need not ask again. */
function callerOf({ actor, tenantId, db: { principal } }: Ctx): HubCaller {
  if (actor.kind !== "user" || !principal?.role || !principal.wrappedDataKey) {
    throw new AppError("forbidden", { detail: "Only a session can start a turn." });
  }
  const { role, tier, wrappedDataKey } = principal;
  return { tenantId, userId: actor.userId, sessionId: actor.sessionId, role, tier, wrappedDataKey };
}

function openTurn(ctx: Ctx, caller: HubCaller, turn: ChatTurn, position: TurnPosition | undefined) {
  const from = position ? { gen: position.gen, afterSeq: position.after_seq } : {};
  return hubOf(ctx.ports, caller).chat(caller, { ...turn, ...from });
}

/** One round trip: may they, do chat and agent exist, and is anything remembered that the hub may lack. */
async function requireStart(ctx: Ctx, chatId: string | undefined, agentId: string | undefined) {
  const permission = allow("turns", "start");
  const [remembered, marked, chatRows, agentRows] = await ctx.db.run(permission, (queries) => [
    selectRemembered(queries, ctx),
    selectRosterMark(queries, userIdOf(ctx)),
    selectChat(queries, ctx, chatId ?? NOTHING).limit(1),
    selectRunnable(queries, ctx, agentId ?? agentOfChat(chatId)),
  ]);
  const [chat] = chatRows;
  if (chatId !== undefined && !chat) throw new AppError("not_found", { detail: "There is no such chat." });
  const asked = agentId ?? (chat && isUuid(chat.agent) ? chat.agent : undefined);
  const agent = asked === undefined ? undefined : await openRunnable(ctx, permission, asked, agentRows);
  return { remembers: remembered.length > 0, agents: rosterMarkOf(marked), agent };
}

/** The agent that a chat names; none when the assistant answers in it. */
function agentOfChat(chatId: string | undefined): SQL | string {
  return chatId === undefined
    ? NOTHING
    : sql`(select case when agent <> 'home' then agent::uuid end from ${chats} where id = ${chatId}::uuid)`;
}

/** Waits for the first item and gives all of them. */
async function withFirst<Item>(items: AsyncGenerator<Item>): Promise<AsyncGenerator<Item>> {
  const first = await items.next();
  return (async function* () {
    if (first.done) return;
    try {
      yield first.value;
      yield* items;
    } finally {
      await items.return(undefined);
    }
  })();
}
