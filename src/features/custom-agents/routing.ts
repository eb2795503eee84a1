/** Who chooses from whom. */

/** An agent's id → those of the agents it chooses from. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/** Agents that one agent may lead to, over all its routers: what one run can have to carry. */
export const REACHED_MAX = 20;

/** Agents that one person's assistant may lead to: its hub holds them all. */
export const ROSTER_MAX = 60;

/** All that can be come to from `start`, without itself unless it leads back to itself. */
export function reachedFrom(graph: Graph, start: string): Set<string> {
  const reached = new Set<string>();
  const open = [...(graph.get(start) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return reached;
}

/** Whether the way from `start` over `member` comes back to `start`. */
export function circleThrough(graph: Graph, start: string, member: string): boolean {
  return member === start || reachedFrom(graph, member).has(start);
}

/** Those agents, and all that they lead to. */
export function rosterOf(graph: Graph, delegable: Iterable<string>): Set<string> {
  const roster = new Set<string>();
  for (const start of delegable) {
    roster.add(start);
    for (const reached of reachedFrom(graph, start)) roster.add(reached);
  }
  return roster;
}
