/** The workspace of a small design studio in the middle of its week: what the demo and a curious newcomer talk about. */
import type { TaskPriority, TaskStatus } from "../../src/features/workspace/schema.ts";

/** Days are counted from today: -2 is the day before yesterday. */
export interface SeedTask {
  project: number | null;
  title: string;
  description?: string;
  status: TaskStatus;
  priority: TaskPriority;
  assignees?: string[];
  dueDay?: number;
  /** Proposed by the assistant, and not approved yet. */
  suggested?: boolean;
}

export const SEED_CLIENTS = [
  { name: "Harbour Bakery", industry: "Food" },
  { name: "Northlight Museum", industry: "Culture" },
  { name: "Northlight Museum Shop", industry: "Retail", parent: 1 },
];

export const SEED_PROJECTS = [
  {
    client: 0,
    name: "Bakery website relaunch",
    aiSummary: "New shop pages are in review; photography is the open risk.",
  },
  { client: 1, name: "Museum spring exhibition" },
  { client: 2, name: "Museum shop catalogue" },
  { client: null, name: "Studio move", archived: true },
];

export const SEED_TASKS: SeedTask[] = [
  {
    project: 0,
    title: "Write copy for the sourdough page",
    status: "in_progress",
    priority: "high",
    assignees: ["Mara"],
    dueDay: 0,
    description: "Two paragraphs and a caption. The baker wants the starter's age mentioned.",
  },
  {
    project: 0,
    title: "Choose photographs for the home page",
    status: "todo",
    priority: "high",
    assignees: ["Jonas", "Mara"],
    dueDay: 1,
  },
  {
    project: 0,
    title: "Check the order form on small phones",
    status: "todo",
    priority: "medium",
    assignees: ["Priya"],
    dueDay: 2,
  },
  {
    project: 0,
    title: "Redirect the old addresses",
    status: "todo",
    priority: "medium",
    dueDay: 6,
    description: "About 40 pages; the list is in the relaunch notes.",
  },
  {
    project: 0,
    title: "Measure loading time before and after",
    status: "todo",
    priority: "low",
    assignees: ["Priya"],
  },
  {
    project: 0,
    title: "Agree on opening hours with the client",
    status: "done",
    priority: "medium",
    assignees: ["Mara"],
    dueDay: -3,
  },
  {
    project: 0,
    title: "Set up the newsletter form",
    status: "done",
    priority: "low",
    assignees: ["Priya"],
    dueDay: -6,
  },
  {
    project: 1,
    title: "Send the wall texts to the translator",
    status: "todo",
    priority: "high",
    assignees: ["Mara"],
    dueDay: -1,
    description: "English and French. The translator is away from Friday.",
  },
  {
    project: 1,
    title: "Confirm the loan of the three seascapes",
    status: "in_progress",
    priority: "high",
    assignees: ["Jonas"],
    dueDay: 3,
  },
  {
    project: 1,
    title: "Draw the floor plan for room two",
    status: "in_progress",
    priority: "medium",
    assignees: ["Jonas"],
    dueDay: 5,
  },
  {
    project: 1,
    title: "Order the lettering for the entrance",
    status: "todo",
    priority: "medium",
    dueDay: 9,
  },
  {
    project: 1,
    title: "Invite the press to the preview",
    status: "todo",
    priority: "medium",
    assignees: ["Mara"],
    dueDay: 14,
  },
  {
    project: 1,
    title: "Test the audio guide with visitors",
    status: "todo",
    priority: "low",
    assignees: ["Priya"],
    dueDay: 20,
  },
  {
    project: 1,
    title: "Pick the poster motif",
    status: "done",
    priority: "high",
    assignees: ["Jonas"],
    dueDay: -8,
  },
  {
    project: 1,
    title: "Book the string quartet for the opening",
    status: "done",
    priority: "low",
    dueDay: -2,
  },
  {
    project: 2,
    title: "Collect prices for the spring range",
    status: "todo",
    priority: "medium",
    assignees: ["Mara"],
    dueDay: 4,
  },
  {
    project: 2,
    title: "Photograph the ceramics",
    status: "todo",
    priority: "high",
    assignees: ["Jonas"],
    dueDay: 0,
    description: "Daylight only, so before three o'clock.",
  },
  { project: 2, title: "Proofread the catalogue", status: "todo", priority: "medium", dueDay: 11 },
  {
    project: 2,
    title: "Get a second printing quote",
    status: "in_progress",
    priority: "medium",
    assignees: ["Mara"],
    dueDay: 2,
  },
  { project: 2, title: "Sort last year's unsold stock", status: "done", priority: "low", dueDay: -12 },
  {
    project: 3,
    title: "Return the keys of the old studio",
    status: "done",
    priority: "high",
    assignees: ["Jonas"],
    dueDay: -30,
  },
  {
    project: null,
    title: "Send the October invoices",
    status: "todo",
    priority: "high",
    assignees: ["Mara"],
    dueDay: -4,
  },
  { project: null, title: "Renew the liability insurance", status: "todo", priority: "medium", dueDay: 8 },
  { project: null, title: "Water the office plants", status: "todo", priority: "low", dueDay: 0 },
  {
    project: 1,
    title: "Ask the translator about a rush fee",
    status: "todo",
    priority: "medium",
    suggested: true,
    dueDay: 0,
  },
];

export const SEED_TIMELINES = [
  { project: 0, title: "Relaunch goes live", day: 10 },
  { project: 0, title: "Content frozen", day: 5 },
  { project: 1, title: "Press preview", day: 27 },
  { project: 1, title: "Exhibition opens", day: 30 },
  { project: 2, title: "Catalogue to the printer", day: 16 },
];

export const SEED_COMMENTS = [
  { task: 0, author: "Jonas", content: "The starter is from 1987, I asked again." },
  { task: 7, author: "Mara", content: "She can start on Thursday if she gets everything by noon." },
  { task: 7, author: "Jonas", content: "Room one is final, room two changes once more." },
  { task: 18, author: "Mara", content: "Delta Press promised an answer this week." },
  { task: 21, author: "Priya", content: "My hours are in the table." },
];
