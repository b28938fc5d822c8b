/** What Python's notes and refusals advise, with the page's own controls in place of options of the command. */
const REPLACED: [RegExp, string][] = [
  [/; --target (.+?) takes ('.*'|".*")/g, "; choose $2 above to predict it"],
  [/(name|Name) another column(: --target| with --target)/g, "$1 another column above"],
  [/ \(--[a-z-]+, [a-z_]+=\)/g, ""],
  [/; --dayfirst and --no-dayfirst say$/g, ""],
  [/out: --exclude .+$/g, "out"],
  [/say so: --na=(.+)$/g, "say so under Also missing: $1"],
  [/give ([a-z_]+)=/g, "choose another $1"],
];

export function inThePage(words: string): string {
  return REPLACED.reduce((found, [pattern, text]) => found.replace(pattern, text), words);
}
