/** Notes in Markdown of different shapes and subjects, so that a search by meaning has something to tell apart. */
export const SEED_NOTES = [
  {
    project: 0,
    title: "Kick-off with the bakery",
    content:
      "## What they want\n\n- People should **order bread for Saturday** without calling.\n- The oven room in pictures; no stock photographs.\n- The starter is from 1987 and has a name (Hilde).\n\n## What worries them\n\nThe Christmas rush: the site must not change between 10 December and New Year.",
  },
  {
    project: 1,
    title: "Climate and light for the seascapes",
    content:
      "The lender asks for 50 lux at most, 18 to 20 °C and 50 % relative humidity, logged every hour.\n\n1. Blinds in room two stay closed.\n2. The data logger hangs beside the largest canvas.\n3. A courier stays with the crates until they are opened.",
  },
  {
    project: 2,
    title: "Printing quotes compared",
    content:
      "| Printer | 500 copies | 1,000 copies | Paper |\n|---|---|---|---|\n| Ostertag | 2,140 | 3,020 | recycled, 120 g |\n| Delta Press | 1,980 | 3,310 | coated, 135 g |\n\nOstertag is dearer for 500 but greener; the shop leans to 1,000 copies.",
  },
  {
    project: null,
    title: "Where to eat after the opening",
    content:
      "Table for twelve, walking distance from the museum:\n\n- *Zur Linde*: courtyard, vegetarian menu, closed on Mondays\n- *Kutter*: fish, loud, takes groups until eleven\n- *Anatolia*: cheapest, Priya's favourite",
  },
  {
    project: null,
    title: "Backing up the studio's files",
    content:
      "Every night the shared disk is copied to the cupboard, every Sunday to the bank safe.\n\n```\nrestic backup /srv/studio --tag nightly\nrestic check --read-data-subset=5%\n```\n\nLast restore tried: the catalogue of 2024, took 11 minutes, nothing missing.",
  },
  {
    project: 3,
    title: "What we learned from the move",
    content:
      "> Label the boxes on three sides.\n\nThe plotter does not fit through the front door; the freight lift needs a key from the caretaker (Mr Aydin). Allow two days without internet.",
  },
];
