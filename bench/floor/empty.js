// As many bindings as the product and nothing else: what starting the runtime itself costs.
import { DurableObject } from "cloudflare:workers";

export class UserHub extends DurableObject {}

export default {
  fetch: () => new Response(),
  queue() {},
  scheduled() {},
};
