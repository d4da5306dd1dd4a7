import { z } from 'zod';
import { endpointSchema } from '../../../src/config/endpoint.ts';
import { tlsServerSchema } from '../../../src/config/tls.ts';
import { listenerLimitsShape } from '../../../src/http/listener-limits.ts';

export const configSchema = z.strictObject({
  endpoint: endpointSchema.prefault('127.0.0.1:13133').describe('where it listens'),
  path: z
    .string()
    .startsWith('/', 'a path begins with a slash')
    .regex(/^[A-Za-z0-9._~/-]*$/, 'a path has letters, digits and / . _ ~ - only')
    .default('/')
    .describe('what is asked; `GET` and `HEAD`'),
  tls: tlsServerSchema.optional().describe('HTTPS. Renewed files are taken up within 10 s'),
  ...listenerLimitsShape,
});

export type HealthCheckConfig = z.output<typeof configSchema>;
