import { z } from 'zod';
import { endpointSchema } from '../../../src/config/endpoint.ts';
import { tlsServerSchema } from '../../../src/config/tls.ts';

export const configSchema = z.strictObject({
  endpoint: endpointSchema.prefault('127.0.0.1:13133'),
  path: z.string().startsWith('/', 'a path begins with a slash').default('/'),
  tls: tlsServerSchema.optional(),
});

export type HealthCheckConfig = z.output<typeof configSchema>;
