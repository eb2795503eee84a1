/** The commonest languages by their names in the seven that the rules read, and in their own: values that models translate. */
import { searchWords } from "../../lib/search-words.ts";

const NAMES = [
  "english englisch anglais inglés inglese 英語 英语 inglês",
  "german deutsch allemand alemán tedesco ドイツ語 德语 немецкий alemão",
  "french französisch français francés francese フランス語 法语 francês",
  "spanish spanisch espagnol español spagnolo castellano スペイン語 西班牙语 espanhol",
  "italian italienisch italien italiano イタリア語 意大利语",
  "japanese japanisch japonais japonés giapponese 日本語 日语",
  "chinese chinesisch chinois chino cinese 中国語 中文 汉语",
  "portuguese portugiesisch portugais portugués portoghese português ポルトガル語 葡萄牙语",
  "russian russisch russe ruso russo русский ロシア語 俄语",
  "dutch niederländisch holländisch néerlandais neerlandés olandese nederlands オランダ語 荷兰语",
  "polish polnisch polonais polaco polacco polski ポーランド語 波兰语",
  "turkish türkisch turc turco türkçe トルコ語 土耳其语",
  "arabic arabisch arabe árabe arabo العربية アラビア語 阿拉伯语",
  "korean koreanisch coréen coreano 한국어 韓国語 韩语",
  "hindi हिन्दी ヒンディー語 印地语",
  "ukrainian ukrainisch ukrainien ucraniano ucraino українська ウクライナ語 乌克兰语",
  "swedish schwedisch suédois sueco svedese svenska スウェーデン語 瑞典语",
];

let rows: Map<string, readonly string[]> | undefined;

/** Other names of the language, each as `searchWords` has it in one piece; none for any other word. */
export function otherNamesOf(word: string): readonly string[] {
  if (!rows) {
    rows = new Map();
    for (const row of NAMES) {
      const names = row.split(" ").map((name) => searchWords(name).join(""));
      for (const name of names) rows.set(name, names);
    }
  }
  return rows.get(word) ?? [];
}
