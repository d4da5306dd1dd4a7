import { readFile } from 'node:fs/promises';
import type { SecureContextOptions, SecureVersion } from 'node:tls';
import { z } from 'zod';
import type { ClientTlsOptions } from './client-tls.ts';

/** YAML reads an unquoted 1.2 as a number. */
const minVersionSchema = z.preprocess(
  (value) => (typeof value === 'number' ? String(value) : value),
  z.enum(['1.2', '1.3'], { error: 'expected "1.2" or "1.3"' }),
);

const path = z.string().min(1, 'expected the path of a file');

function keyNeedsCertificate(tls: { cert_file?: string | undefined; key_file?: string | undefined }): boolean {
  return (tls.cert_file === undefined) === (tls.key_file === undefined);
}

/** `tls` of a listener. */
export const tlsServerSchema = z.strictObject({
  cert_file: path.describe('PEM: the certificate with its chain'),
  key_file: path.describe('PEM: its key'),
  client_ca_file: path.optional().describe('every client must show a certificate of this authority'),
  min_version: minVersionSchema.prefault('1.2').describe('or `"1.3"`'),
});

/** `tls` of a client. */
export const tlsClientSchema = z
  .strictObject({
    ca_file: path.optional().meta({
      description: 'PEM: the authorities that the certificate of the server may be of',
      otherwise: "the system's",
    }),
    cert_file: path.optional().describe('PEM: the certificate that is shown to the server'),
    key_file: path.optional().describe('PEM: its key'),
    min_version: minVersionSchema.prefault('1.2').describe('or `"1.3"`'),
    insecure_skip_verify: z
      .boolean()
      .default(false)
      .describe('take any certificate: whoever is in between can read and change everything'),
  })
  .refine(keyNeedsCertificate, { error: 'cert_file and key_file go together: give both or neither' })
  .meta({ otherwise: "the system's authorities" });

export type TlsServerConfig = z.output<typeof tlsServerSchema>;
export type TlsClientConfig = z.output<typeof tlsClientSchema>;

/** Options for `https.createServer` and `fastify({https})`. */
export interface ServerTlsOptions extends SecureContextOptions {
  requestCert: boolean;
  rejectUnauthorized: boolean;
}

async function read(option: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new Error(`tls.${option}: cannot read ${file}: ${(error as Error).message}`, { cause: error });
  }
}

const version = (config: { min_version: '1.2' | '1.3' }): SecureVersion => `TLSv${config.min_version}`;

/**
 * Reads the files of a listener's `tls`. Call it in `start()`, and again to take up renewed files.
 * @throws Error that names the option and the file.
 */
export async function loadServerTls(config: TlsServerConfig): Promise<ServerTlsOptions> {
  const [cert, key, ca] = await Promise.all([
    read('cert_file', config.cert_file),
    read('key_file', config.key_file),
    config.client_ca_file === undefined ? undefined : read('client_ca_file', config.client_ca_file),
  ]);
  const mutual = ca !== undefined;
  return {
    cert,
    key,
    ...(mutual && { ca }),
    minVersion: version(config),
    requestCert: mutual,
    rejectUnauthorized: mutual,
  };
}

/**
 * Reads the files of a client's `tls`. Call it in `start()`.
 * @throws Error that names the option and the file.
 */
export async function loadClientTls(config: TlsClientConfig): Promise<ClientTlsOptions> {
  const optional = (option: 'ca_file' | 'cert_file' | 'key_file') => {
    const file = config[option];
    return file === undefined ? undefined : read(option, file);
  };
  const [ca, cert, key] = await Promise.all([optional('ca_file'), optional('cert_file'), optional('key_file')]);
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    minVersion: version(config),
    rejectUnauthorized: !config.insecure_skip_verify,
  };
}
