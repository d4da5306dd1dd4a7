import { fastify } from 'fastify';

/** The reference of `single`: what Fastify itself takes to read a body and answer. */
const app = fastify();
app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
app.post('/v1/reports', () => ({ accepted: 1, replayed: 0, quarantined: 0 }));
await app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ port: (app.server.address() as { port: number }).port });
