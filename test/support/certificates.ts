import { generate } from 'selfsigned';

/** A certificate and its key, as PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface IssueOptions {
  /** OU. */
  readonly unit?: string;
  /** Not valid before, and not after; by default from an hour ago for a day. */
  readonly from?: Date;
  readonly to?: Date;
}

/** A certificate authority that lives as long as one test file. */
export interface Authority extends KeyPair {
  /** Issues a certificate for `localhost`, `127.0.0.1` and `::1`, good for a server and for a client. */
  issue(commonName: string, options?: IssueOptions): Promise<KeyPair>;
}

const HOUR = 3_600_000;
const EC = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

export async function makeAuthority(commonName = 'Test Authority'): Promise<Authority> {
  const root = await generate([{ name: 'commonName', value: commonName }], {
    ...EC,
    ...validity({}),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const ca = { cert: root.cert, key: root.private };
  return {
    ...ca,
    async issue(name, options = {}) {
      const unit = options.unit === undefined ? [] : [{ shortName: 'OU', value: options.unit }];
      const issued = await generate([...unit, { name: 'commonName', value: name }], {
        ...EC,
        ...validity(options),
        ca,
        extensions: [
          { name: 'basicConstraints', cA: false },
          { name: 'keyUsage', digitalSignature: true },
          { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
          {
            name: 'subjectAltName',
            altNames: [
              { type: 2, value: 'localhost' },
              { type: 7, ip: '127.0.0.1' },
              { type: 7, ip: '::1' },
            ],
          },
        ],
      });
      return { cert: issued.cert, key: issued.private };
    },
  };
}

function validity({ from, to }: IssueOptions): { notBeforeDate: Date; notAfterDate: Date } {
  return {
    notBeforeDate: from ?? new Date(Date.now() - HOUR),
    notAfterDate: to ?? new Date(Date.now() + 24 * HOUR),
  };
}
