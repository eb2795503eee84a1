export { createChat, deleteChat, getChat, listChats, restoreChat, updateChat } from "./chats.ts";
export { type ChatHistory, chatHistory, type Exchange, saveExchange } from "./exchanges.ts";
export { describeCall, type Execution, listExecutions, saveExecutions } from "./executions.ts";
export {
  addMessage,
  deleteMessage,
  getMessage,
  listMessages,
  restoreMessage,
  updateMessage,
} from "./messages.ts";
