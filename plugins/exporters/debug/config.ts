import { z } from 'zod';
import { intervalSchemaWith } from '../../../src/config/http-client.ts';
import { notNeeded } from '../../../src/config/not-needed.ts';
import { addressOptions, metadataOption, privacyProblem } from '../../../src/events/options.ts';

export const schema = z
  .strictObject({
    verbosity: z
      .enum(['basic', 'normal', 'detailed'])
      .default('basic')
      .describe('`basic`: how many there were. `normal`: a line for each. `detailed`: all that is known of each'),
    interval: intervalSchemaWith('10s').describe(
      'from one collection of metrics to the next; the first is at start, the last at shutdown. 1s to 24h',
    ),
    max_records: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe('data points of one collection, or events of one batch, that are written; of the rest their number'),
    ...addressOptions,
    metadata: metadataOption,
    sampling_initial: notNeeded('not needed here: metrics come once an interval; remove this line'),
    sampling_thereafter: notNeeded('not needed here: max_records is the bound; remove this line'),
    use_internal_logger: notNeeded(
      'not needed here: everything goes to the log of the bridge, which is on stdout; remove this line',
    ),
    output_paths: notNeeded('not needed here: the exporter file writes events to a file; remove this line'),
    sending_queue: notNeeded('not needed here: nothing waits; remove this line'),
  })
  .superRefine((config, context) => {
    const problem = privacyProblem(config);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

export type DebugConfig = z.output<typeof schema>;
