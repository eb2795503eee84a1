import type { TurnResult } from "../../src/features/agent/types.ts";
import type { HubParts } from "./parts.ts";
import type { TurnRun } from "./turn-run.ts";

/** After the last frame is out: nobody waits for it. A crash in between loses the point, and never writes it twice. */
export function measureTurn({ metrics, vault, clock }: HubParts, run: TurnRun, result: TurnResult): void {
  const { row, input, firstTextAt } = run;
  metrics.turnEnded({
    tenantId: vault.principal.tenantId,
    kind: input.kind,
    status: result.status,
    errorCode: result.error?.code ?? null,
    durationMs: clock.now() - row.createdAt,
    firstTextMs: firstTextAt === null ? null : firstTextAt - row.createdAt,
    generations: row.state.gen,
    toolCalls: result.usage.tool_calls,
    webSearches: result.usage.web_searches ?? 0,
    codeRuns: result.usage.code_runs ?? 0,
    mutations: result.mutations.length,
    modelCalls: run.responses(),
  });
}
