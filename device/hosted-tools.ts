import type { ToolDescriptor } from "../src/features/hub/protocol.ts";

/** The MCP servers that run on this device, by whatever means its platform has. */
export interface HostedTools {
  /** What the hub may call; told in the hello. */
  descriptors(): ToolDescriptor[];
  /** Whether this server and tool exist; asked before the call is journaled as begun. */
  has(server: string, tool: string): boolean;
  /** The tool's answer, its own errors included. Throws only when nobody can tell whether it took effect. */
  call(server: string, tool: string, input: Record<string, unknown>): Promise<Record<string, unknown>>;
}

/** A device without MCP servers. */
export const noHostedTools: HostedTools = {
  descriptors: () => [],
  has: () => false,
  call: () => Promise.reject(new Error("this device hosts no MCP server")),
};
