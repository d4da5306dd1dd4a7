interface Embed {
  readonly title?: string;
  readonly description?: string;
  readonly author?: { readonly name: string };
  readonly footer?: { readonly text: string };
  readonly fields?: readonly { readonly name: string; readonly value: string }[];
}

const MOST_EMBEDS = 10;
const MOST_FIELDS = 25;
const MOST_TOGETHER = 6000;

/** What is longer than Discord takes, or empty where something must be. @see https://discord.com/developers/docs/resources/message#embed-object-embed-limits */
export function embedProblems(embeds: readonly Embed[]): string[] {
  const problems = embeds.length > MOST_EMBEDS ? ['embeds'] : [];
  let together = 0;
  const check = (what: string, text: string | undefined, most: number, isRequired = false) => {
    const length = text?.trim().length ?? 0;
    together += length;
    if (length > most || (isRequired && length === 0)) problems.push(what);
  };
  for (const { title, description, author, footer, fields = [] } of embeds) {
    check('title', title, 256);
    check('description', description, 4096);
    check('author.name', author?.name, 256, author !== undefined);
    check('footer.text', footer?.text, 2048, footer !== undefined);
    if (fields.length > MOST_FIELDS) problems.push('fields');
    for (const field of fields) {
      check('field.name', field.name, 256, true);
      check('field.value', field.value, 1024, true);
    }
  }
  return together > MOST_TOGETHER ? [...problems, 'together'] : problems;
}
