import { z } from 'zod';

/** An option of the Collector's component that has no place here: named, so that the answer can say why. */
export const notNeeded = (reason: string) => z.undefined({ error: reason }).optional();
