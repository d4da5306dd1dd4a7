/** What is wrong with a data file, worded to follow "FILE is damaged: ". */
export class DataFileFault extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'DataFileFault';
  }
}
