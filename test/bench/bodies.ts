/** Reports as in the documentation's sample, all different: equal ones would be replays. */
export class ReportSource {
  readonly #tags: readonly string[];
  readonly #first: number;
  #next: number;

  /** @param first - number of its first report: sources that are apart by more than they make never make the same. */
  constructor(tags = 50, first = 0) {
    this.#first = first;
    this.#next = first;
    this.#tags = Array.from({ length: tags }, (_, i) => `scanner-${i}`);
  }

  /** Reports made so far. */
  get made(): number {
    return this.#next - this.#first;
  }

  /** The next report, as Couic's serde_json writes it; about 250 bytes. One in ten removes the rule added nine before. */
  #report(): string {
    const n = this.#next++;
    const remove = n % 10 === 9;
    const id = remove ? n - 9 : n;
    const creation = 1_704_067_200 + (id >>> 8);
    const cidr = `${(id >>> 24) + 1}.${(id >>> 16) & 255}.${(id >>> 8) & 255}.${id & 255}/32`;
    const entry = `{"creation":${creation},"cidr":"${cidr}","tag":"${this.#tags[id % this.#tags.length]}","expiration":${4_000_000_000 + (id % 100_000)}}`;
    return remove
      ? `{"action":"remove","policy":"drop","entry":${entry},"metadata":{"kind":"manual","detail":"Rule expired after review","extra":{"source_port":12345,"scan_type":"SYN","attempts":${n}}}}`
      : `{"action":"add","policy":"drop","entry":${entry},"metadata":{"kind":"automated","detail":"Repeated connection attempts","extra":{"source_port":${n & 65535},"scan_type":"SYN","attempts":${n}}}}`;
  }

  body(reports: number): Buffer {
    const parts: string[] = [];
    for (let i = 0; i < reports; i++) parts.push(this.#report());
    return Buffer.from(`[${parts.join(',')}]`);
  }
}
