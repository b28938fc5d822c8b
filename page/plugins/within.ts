/** The page's own style sheet for a part of another page: its rules hold within elements of a class alone. */
interface Rule {
  selectors: string[];
  source?: { input: { file?: string } };
}

export function within(file: string, scope: string) {
  return {
    postcssPlugin: "within",
    Rule(rule: Rule) {
      if (!rule.source?.input.file?.endsWith(file)) return;
      const scoped = rule.selectors.map((one) => (one.startsWith(":root") || one.startsWith(scope) ? one : one === "body" ? scope : `${scope} ${one}`));
      if (scoped.join() !== rule.selectors.join()) rule.selectors = scoped;
    },
  };
}
