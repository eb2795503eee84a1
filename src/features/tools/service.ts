/** What the agent does with tools: knows them by name, describes them to a model, reads what it wrote, runs them. */
export { mutationOf } from "./mutation.ts";
export { describeApproval, needsApproval } from "./policy.ts";
export { readInput, runTool, ToolRegistry, toolSpec, toolSpecs } from "./registry.ts";
export { runCodeTool } from "./run-code.ts";
export { webSearchTool } from "./web-search.ts";
