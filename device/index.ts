/** The device SDK: everything an app needs to be a device or a viewer. Imports nothing of Node. */
export type { Block, Chart, Entity, Table } from "./blocks.ts";
export { DeviceClient, type DeviceClientOptions, type DeviceEvents } from "./client.ts";
export type { ConnectionState, ConnectionTimes } from "./connection.ts";
export { type HostedTools, noHostedTools } from "./hosted-tools.ts";
export * from "./journal-core.ts";
export {
  type Credential,
  type CredentialSource,
  ServiceProblem,
  Session,
  type SessionOptions,
  SignedOut,
  type Tokens,
} from "./session.ts";
export { openWebSocket, type Socket, type SocketFactory, type SocketListeners } from "./socket.ts";
export type { Awaitable, DeviceStore, OutstandingResult } from "./store.ts";
export { type Piece, TagParser } from "./tags.ts";
export type { CallReport } from "./tool-calls.ts";
export type { Approval, TurnEvent, TurnResult } from "./transcript.ts";
export { type Turn, TurnRefused } from "./turn.ts";
export type { Question } from "./turns.ts";
