import { z } from 'zod';

/** A text that stands for something. @param parse - gives that, or what is wrong with the text. */
export function parsedText<Parsed extends object>(parse: (text: string) => Parsed | string) {
  return z
    .string()
    .superRefine((text, context) => {
      const parsed = parse(text);
      // Nothing that looks at several options is asked then: this one would be missing.
      if (typeof parsed === 'string') context.addIssue({ code: 'custom', message: parsed, continue: false });
    })
    .transform((text) => parse(text) as Parsed);
}
