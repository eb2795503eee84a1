/** What this isolate asks over HTTP: the database, or the model. */
import { inject, vi } from "vitest";

/**
 * Counts from here on; `vi.restoreAllMocks` ends it. Of the database what is asked for this person: hubs of tests before may
 * still be bringing what they owe.
 */
export function watchRequests({ userId }: { userId: string }): {
  trips(): number;
  tripsBeforeModel(): number;
} {
  const asked: ("database" | "model")[] = [];
  const [database, model] = [inject("postgres").fetchEndpoint, inject("modelUrl")];
  const { fetch } = globalThis;
  vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    if (url.startsWith(database) && String(init?.body).includes(userId)) asked.push("database");
    else if (url.startsWith(`${model}/v1/`)) asked.push("model");
    return fetch(input, init);
  });
  return {
    trips: () => asked.filter((each) => each === "database").length,
    tripsBeforeModel: () => {
      const at = asked.indexOf("model");
      if (at < 0) throw new Error("the model was not asked");
      return at;
    },
  };
}
