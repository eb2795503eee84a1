import type { DeviceCall, DeviceRow } from "../tools/types.ts";
import { scopeCall } from "./delegate.ts";
import type { MemoryContext, PromptContext } from "./prompts/compose.ts";
import type { TurnDevice } from "./turn-device.ts";
import type { TurnRequest } from "./types.ts";

/** What prompts are told of the turn they are for. */
export class TurnSituation {
  readonly #request: TurnRequest;
  readonly #device: TurnDevice;
  /** Asked of the device once. */
  #scopeRow: Promise<DeviceRow | null> | undefined;

  constructor(request: TurnRequest, device: TurnDevice) {
    this.#request = request;
    this.#device = device;
  }

  async describe(timezone: string, memory: MemoryContext | undefined): Promise<PromptContext> {
    const { now, locale, scope, deviceOnline, clientContext } = this.#request;
    const context: PromptContext = {
      now,
      timezone,
      locale,
      deviceOnline,
      ...(memory ? { memory } : {}),
      ...(clientContext ? { clientContext } : {}),
    };
    if (!scope) return context;
    const call = scopeCall(scope);
    if (!call) return { ...context, scope };
    this.#scopeRow ??= this.#readScope(call);
    return { ...context, scope, scopeRow: await this.#scopeRow };
  }

  async #readScope(call: DeviceCall): Promise<DeviceRow | null> {
    const outcome = await this.#device.call({ position: "scope/", sub: 0 }, call);
    return outcome.kind === "row" ? outcome.row : null;
  }
}
