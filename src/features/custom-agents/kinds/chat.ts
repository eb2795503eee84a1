import { AppError } from "../../../lib/errors.ts";
import { CUSTOM_FRAMES, customAgent, plainReader } from "../../agent/service.ts";
import { type Kind, unused } from "./kind.ts";

/** Works in steps with its tools, as the assistant's own specialists do. */
export const chat: Kind = {
  check: (definition) => unused(definition, "schema", "agents", "collections"),
  health: ({ model }) => (model.models.worker === "" ? "No model is configured for it." : undefined),
  async run({ name, system_prompt, tools, resource_limits }, stage, { role }) {
    const agent = customAgent({
      frame: CUSTOM_FRAMES.chat,
      name,
      role,
      instructions: system_prompt,
      tools: resource_limits.max_tool_calls > 0 ? tools : [],
    });
    const answer = await stage.run({ path: "", agent, withHistory: true, speaksThrough: plainReader });
    if (answer.kind === "answer" && answer.text.trim() !== "") return answer.text;
    const allowed = resource_limits.max_tool_calls;
    throw new AppError("output_invalid", {
      detail: `The agent ended without an answer. It may call tools ${allowed} times in a run.`,
    });
  },
};
