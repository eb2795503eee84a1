/** The document of the demo's second act: the house rules of the studio whose tasks and notes the first act plays on. */
export const HANDBOOK = {
  title: "House rules of the studio",
  content: `# House rules of the studio

## Leave
Everybody has 28 days of leave a year. Ask for it three weeks ahead; Mara answers within two days.
Days that are left over in December can be taken until the end of March.

## Invoices
Invoices go out on the last Friday of a month. A client has 21 days to pay.
After the second reminder Jonas calls; nobody else does.

## The workshop
The plotter is switched off over night. Whoever leaves last locks the paper cupboard and takes the key along.

| machine | who may use it | booked with |
|---|---|---|
| plotter | everybody | the calendar |
| guillotine | who was shown | Jonas |

## Visitors
Visitors sign the green book. A parcel for a neighbour waits on the shelf beside the door for a week.
`,
} as const;

export interface HandbookQuestion {
  asks: string;
  /** What the quoted part of the handbook must hold; null when the handbook does not say. */
  holds: string | null;
}

export const HANDBOOK_QUESTIONS: readonly HandbookQuestion[] = [
  { asks: "How many days of leave does everybody have a year?", holds: "28 days of leave" },
  { asks: "What do the studio's trainees earn?", holds: null },
];
