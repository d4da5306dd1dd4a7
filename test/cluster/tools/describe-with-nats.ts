import { describe, inject, test } from 'vitest';

/** A suite that runs against a real nats-server; where there is none it is one skipped test that says why. @param body - given its path. */
export function describeWithNats(title: string, body: (binary: string) => void): void {
  const { path, missing } = inject('natsServer');
  describe(title, () => {
    if (missing === undefined) body(path);
    else test('needs nats-server', (context) => context.skip(missing));
  });
}
