/** A public test collection, its judgements, and how well a ranking agrees with them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const CUTOFF = 10;

export interface Item {
  id: string;
  text: string;
}

export interface Collection {
  documents: Item[];
  /** Those with at least one relevant document. */
  queries: Item[];
  /** Query id → document id → grade; above 0 is relevant. */
  judgements: ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** Reads `corpus.jsonl`, `queries.jsonl` and `qrels.tsv` of a directory. */
export function readCollection(directory: string): Collection {
  const lines = (file: string) => readFileSync(join(directory, file), "utf8").trim().split("\n");
  const items = (file: string) => lines(file).map((line): Item => JSON.parse(line));
  const judgements = new Map<string, Map<string, number>>();
  for (const line of lines("qrels.tsv").slice(1)) {
    const [query = "", document = "", grade = ""] = line.split("\t");
    const grades = judgements.get(query) ?? new Map<string, number>();
    judgements.set(query, grades.set(document, Math.max(0, Number(grade))));
  }
  const isJudged = ({ id }: Item) => [...(judgements.get(id)?.values() ?? [])].some((grade) => grade > 0);
  return { documents: items("corpus.jsonl"), queries: items("queries.jsonl").filter(isJudged), judgements };
}

export interface Quality {
  ndcg: number;
  recall: number;
}

/** The means over all queries of nDCG@10 and recall@10. `rank` gives the ids of a query's documents, best first. */
export function qualityOf({ queries, judgements }: Collection, rank: (query: number) => string[]): Quality {
  const each = queries.map(({ id }, index) => {
    const grades = judgements.get(id)!;
    const found = rank(index)
      .slice(0, CUTOFF)
      .map((document) => grades.get(document) ?? 0);
    const ideal = [...grades.values()].filter((grade) => grade > 0).sort((a, b) => b - a);
    const recall = found.filter((grade) => grade > 0).length / ideal.length;
    return { ndcg: discountedGain(found) / discountedGain(ideal.slice(0, CUTOFF)), recall };
  });
  return meanOf(each);
}

export function meanOf(qualities: readonly Quality[]): Quality {
  const mean = (of: (quality: Quality) => number) =>
    qualities.reduce((sum, quality) => sum + of(quality), 0) / qualities.length;
  return { ndcg: mean(({ ndcg }) => ndcg), recall: mean(({ recall }) => recall) };
}

function discountedGain(grades: readonly number[]): number {
  return grades.reduce((sum, grade, rank) => sum + (2 ** grade - 1) / Math.log2(rank + 2), 0);
}
