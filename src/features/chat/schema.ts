import * as z from "zod";
import { Uuid } from "../../lib/ids.ts";
import { PageQuery, pageOf } from "../../lib/pagination.ts";
import { exactText } from "../../lib/text.ts";
import {
  AskedAgent,
  Citation,
  ClientMadeId,
  HistoryMessage,
  MAX_MESSAGE_CHARS,
  Mutation,
  ToolAction,
  TurnError,
  TurnStatus,
  TurnUsage,
} from "../hub/protocol.ts";

export const TITLE_CHARS_MAX = 500;
const CONTEXT_CHARS_MAX = 20_000;
const SEARCH_CHARS_MAX = 200;

const time = z.iso.datetime();
const Title = exactText(TITLE_CHARS_MAX).meta({ examples: ["Garden plans"] });
const Content = exactText(MAX_MESSAGE_CHARS).meta({ examples: ["What is due today?"] });
const Role = z.enum(["user", "assistant"]);

/** Who answers in a chat: the assistant, or an agent of the person's own by its id. */
export const ChatAgent = z.union([z.literal("home"), Uuid]);

export const Chat = z
  .object({
    id: z.uuid(),
    title: z.string().meta({ examples: ["Garden plans"] }),
    agent: z.string().meta({ description: "Who answers in it", examples: ["home"] }),
    version: z.int().positive(),
    created_at: time,
    updated_at: time.describe("Also the time of its newest message"),
    deleted_at: time
      .nullable()
      .meta({ description: "When it was deleted; it can be restored for 30 days", examples: [null] }),
  })
  .meta({ id: "Chat" });
export type Chat = z.infer<typeof Chat>;

export const ChatPage = pageOf(Chat);
export type ChatPage = z.infer<typeof ChatPage>;
export const ListChats = PageQuery.extend({
  q: z
    .string()
    .min(1)
    .max(SEARCH_CHARS_MAX)
    .optional()
    .describe("Finds chats by whole words in their titles and messages, the best match first"),
  deleted: z.stringbool().default(false).describe("Lists the deleted chats instead"),
});
export type ListChats = z.infer<typeof ListChats>;

export const CreateChat = z.object({ title: Title, agent: ChatAgent.default("home") });
export type CreateChat = z.infer<typeof CreateChat>;

export const UpdateChat = z.object({ title: Title, agent: ChatAgent.optional() });
export type UpdateChat = z.infer<typeof UpdateChat>;

export const Message = z
  .object({
    id: z.uuid(),
    chat_id: z.uuid(),
    role: Role,
    content: z.string().meta({ examples: ["What is due today?"] }),
    request_id: z.string().nullable().describe("The turn it belongs to; null when it was added by hand"),
    status: TurnStatus.describe("How its turn ended"),
    usage: TurnUsage.nullable().describe("What its turn used; null for what no model wrote"),
    version: z.int().positive(),
    created_at: time,
    updated_at: time,
  })
  .meta({ id: "Message" });
export type Message = z.infer<typeof Message>;

export const MessagePage = pageOf(Message);
export type MessagePage = z.infer<typeof MessagePage>;
export const ListMessages = PageQuery.extend({
  order: z
    .enum(["asc", "desc"])
    .default("asc")
    .describe("`asc` begins with the oldest, `desc` with the newest"),
});
export type ListMessages = z.infer<typeof ListMessages>;

export const AddMessage = z.object({ role: Role.default("user"), content: Content });
export type AddMessage = z.infer<typeof AddMessage>;

export const UpdateMessage = z.object({ content: Content });
export type UpdateMessage = z.infer<typeof UpdateMessage>;

export const ChatId = z.object({ id: Uuid });
export const MessageId = z.object({ id: Uuid });
export const ExchangeChatId = z.object({ chat_id: Uuid });

const ContextItem = z.record(z.string(), z.unknown());

/** What the client knows and the turn should too. */
export const ChatContext = z
  .object({
    user_profile: ContextItem.optional(),
    relevant_documents: z
      .array(z.union([z.string(), ContextItem]))
      .max(50)
      .optional(),
    recent_tasks: z
      .array(z.union([z.string(), ContextItem]))
      .max(100)
      .optional(),
    conversation_history: z
      .array(HistoryMessage)
      .max(200)
      .optional()
      .describe("Earlier messages; ignored in a chat, which has its own"),
  })
  .refine(({ conversation_history: _, ...rest }) => JSON.stringify(rest).length <= CONTEXT_CHARS_MAX, {
    message: `is over ${CONTEXT_CHARS_MAX} characters without the history`,
  })
  .meta({ id: "ChatContext" });
export type ChatContext = z.infer<typeof ChatContext>;

export const ExchangeRequest = z.object({ message: Content, context: ChatContext.optional() });
export type ExchangeRequest = z.infer<typeof ExchangeRequest>;

export const ChatRequest = ExchangeRequest.extend({
  chat_id: Uuid.optional().describe("Goes on in this chat; without it a chat is made"),
});
export type ChatRequest = z.infer<typeof ChatRequest>;

export const TurnAnswer = z
  .object({
    response: z.string().meta({
      description: "What the assistant wrote",
      examples: ["Two tasks are due today: <task>[019a9f3e-7c1d-7b60-a1c4-2f6f0d9b8e55]</task>"],
    }),
    request_id: z.string().describe("The turn"),
    chat_id: z.string().nullable(),
    status: TurnStatus,
    mutations: z.array(Mutation).describe("What changed on the device"),
    usage: TurnUsage,
    citations: z.array(Citation).optional().describe("What marks such as [1] in the answer stand for"),
    error: TurnError.optional().describe(
      "Why the turn failed after it had begun to answer or to change things",
    ),
  })
  .meta({ id: "TurnAnswer" });
export type TurnAnswer = z.infer<typeof TurnAnswer>;

export const ExecuteAgentId = z.object({ id: Uuid });

export const ExecuteRequest = z.object({
  input: Content.meta({
    description: "What the agent is asked; for an extractor the text",
    examples: ["Bread for 4.20, cheese for 7"],
  }),
  chat_id: Uuid.optional().describe("Goes on in this chat; without it nothing of the run is kept"),
  context: ChatContext.optional(),
});
export type ExecuteRequest = z.infer<typeof ExecuteRequest>;

export const AgentRows = z.array(z.record(z.string(), z.unknown()));

export const ExecuteAnswer = TurnAnswer.omit({ response: true })
  .extend({
    agent_id: z.uuid(),
    version: z.int().positive().describe("Of the agent, as it ran"),
    answered_by: AskedAgent.shape.answered_by.describe("The same agent, or the one that a router chose"),
    output: z.union([z.string(), AgentRows]).meta({
      description: "The answer; of an extractor its rows",
      examples: ["Two days of leave are left [1]."],
    }),
  })
  .meta({ id: "ExecuteAnswer" });
export type ExecuteAnswer = z.infer<typeof ExecuteAnswer>;

/** `ok`: the device did it. `error`: it answered that it cannot. */
export const ExecutionStatus = z.enum(["ok", "error", "offline", "unknown"]);
export type ExecutionStatus = z.infer<typeof ExecutionStatus>;

const DeviceRow = z.record(z.string(), z.unknown());

export const ExecutionPayload = z
  .object({
    call: z
      .object({ data: DeviceRow, filters: DeviceRow, limit: z.int() })
      .partial()
      .describe("What the device was asked, without vectors"),
    result: z
      .object({
        row: DeviceRow.nullable(),
        rows: z.array(DeviceRow),
        results: z.array(DeviceRow),
        deleted: z.boolean(),
        ok: z.boolean(),
        error: z.object({ code: z.string(), message: z.string() }),
      })
      .partial()
      .nullable()
      .describe("What it answered, in one of these fields; null when it did not"),
    truncated: z.boolean().describe("The rest was too long to be kept"),
  })
  .meta({ id: "ExecutionPayload" });
export type ExecutionPayload = z.infer<typeof ExecutionPayload>;

export const ToolExecution = z
  .object({
    id: z.string().describe("The tool call"),
    request_id: z.string().describe("The turn that made it"),
    chat_id: z.uuid().nullable(),
    device_id: z.string().nullable().describe("Null when no device was there"),
    action: ToolAction,
    table: z
      .string()
      .nullable()
      .meta({ description: "Of the device's schema", examples: ["tasks"] }),
    status: ExecutionStatus.describe(
      "As the turn saw it. `offline`: it was never executed. `unknown`: it changes something and its answer did not come",
    ),
    started_at: time,
    duration_ms: z.int().nonnegative().describe("Until the answer, or until it was given up"),
    payload: ExecutionPayload.optional().describe("When it was asked for"),
  })
  .meta({ id: "ToolExecution" });
export type ToolExecution = z.infer<typeof ToolExecution>;

export const ToolExecutionPage = pageOf(ToolExecution);
export type ToolExecutionPage = z.infer<typeof ToolExecutionPage>;
export const ListExecutions = PageQuery.extend({
  chat_id: Uuid.optional().describe("Only those of this chat"),
  request_id: ClientMadeId.optional().describe("Only those of this turn"),
  include: z.enum(["payloads"]).optional().describe("Also answers what was asked and what came back"),
});
export type ListExecutions = z.infer<typeof ListExecutions>;
