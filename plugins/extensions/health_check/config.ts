import { z } from 'zod';
import { endpointSchema } from '../../../src/config/endpoint.ts';
import { tlsServerSchema } from '../../../src/config/tls.ts';
import { listenerLimitsShape } from '../../../src/http/listener-limits.ts';

export const configSchema = z.strictObject({
  endpoint: endpointSchema.prefault('127.0.0.1:13133'),
  path: z
    .string()
    .startsWith('/', 'a path begins with a slash')
    .regex(/^[A-Za-z0-9._~/-]*$/, 'a path has letters, digits and / . _ ~ - only')
    .default('/'),
  tls: tlsServerSchema.optional(),
  ...listenerLimitsShape,
});

export type HealthCheckConfig = z.output<typeof configSchema>;
