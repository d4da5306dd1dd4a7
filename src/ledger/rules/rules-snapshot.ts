import { RulePage } from './rule-page.ts';
import type { RuleTable } from './rule-table.ts';

/** What is to be known of a table besides its pages. */
export interface SavedTable {
  readonly slots: number;
  readonly free: number;
}

/** The largest a page comes. */
export const PAGE_BYTES = RulePage.byteLength(4);

/** The pages of some tables as they were when it was made; `end` has to follow. */
export class RulesSnapshot {
  readonly tables: readonly SavedTable[];
  /** Pages to take, each once, in any order. */
  readonly pages: readonly { readonly table: number; readonly page: number }[];
  readonly #tables: readonly RuleTable[];

  constructor(tables: readonly RuleTable[]) {
    this.#tables = tables;
    this.tables = tables.map(({ slots, free }) => ({ slots, free }));
    this.pages = tables.flatMap(({ pages }, table) => Array.from(pages.keys(), (page) => ({ table, page })));
    for (const table of tables) table.beginSnapshot();
  }

  /** @param into - `PAGE_BYTES` at least. @returns how many bytes. */
  copyPage({ table, page }: RulesSnapshot['pages'][number], into: Uint8Array): number {
    return this.#tables[table]!.snapshotPage(page, into);
  }

  end(): void {
    for (const table of this.#tables) table.endSnapshot();
  }
}
