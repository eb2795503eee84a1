/** The day that a prompt says it is, or else the clock's. */
export function todayIn(system: string): string {
  return /\b(20\d{2}-\d{2}-\d{2})\b/.exec(system)?.[1] ?? new Date().toISOString().slice(0, 10);
}
