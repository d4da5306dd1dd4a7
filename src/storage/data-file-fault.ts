/** What is wrong with a data file, worded to follow "FILE is damaged: ". */
export class DataFileFault extends Error {
  /** `foreign`: no file of ours at all. */
  readonly kind: 'damaged' | 'foreign';

  constructor(kind: 'damaged' | 'foreign', what: string) {
    super(what);
    this.name = 'DataFileFault';
    this.kind = kind;
  }
}

export function fault(what: string): DataFileFault {
  return new DataFileFault('damaged', what);
}
