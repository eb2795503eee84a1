// As many bindings as the product and nothing else: what starting the runtime itself costs.
import { DurableObject, WorkflowEntrypoint } from "cloudflare:workers";

export class UserHub extends DurableObject {}
export class Maintenance extends WorkflowEntrypoint {}

export default {
  fetch: () => new Response(),
  queue() {},
  scheduled() {},
};
