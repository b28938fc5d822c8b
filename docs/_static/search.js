// Search for questions: a page is found by any of the words that were asked for, and ranked by how many it has, how rare
// they are, where they stand (FIELDS), and the kind of page. A word is also found by its synonyms, and a name such as
// BatchNorm or load_mnist by its parts. The index of texts and the stemmer are Sphinx's; SEARCHED_PAGES is made by
// page_search.py.
"use strict";

(() => {
  const FIELDS = { title: 6, keyword: 5, asked: 5, section: 3, name: 4, lead: 2, row: 2, text: 1 };
  const HALF = 4; // the sum of fields at which a word counts half of what it can
  const KINDS = { "How-to": 1.25, Course: 1.1, Explanation: 1, Reference: 1, Gallery: 0.9, API: 0.85, "": 0.6 };
  const WHOLE = { title: 0.6, keyword: 0.6, asked: 0.4, section: 0.4, name: 0.5, row: 0.2 }; // a phrase with all words
  const INDEX = 0.7; // an index.md leads to others
  const NAMED = 1; // for a page all words of whose title were asked for
  const SYNONYM = 0.8; // what a synonym counts, beside the word itself
  const MOST = 30;

  const stems = new Map();
  const stemOf = (word) => {
    if (!stems.has(word)) stems.set(word, new Stemmer().stemWord(word));
    return stems.get(word);
  };

  // The spelling of the pages: normalization, not normalisation; color stays, since both are among the synonyms.
  const spelled = (text) => text.replace(/\b(\w+(?:[aeo]l|ar|im|ard|ant|er|om))is(e|ed|es|er|ers|ing|ation)\b/g, "$1iz$2");

  // Words as they stand in the index: names of several words are split, words of questions left out.
  const wordsOf = (text) => {
    const parts = text.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/_/g, " ").toLowerCase();
    return splitQuery(spelled(parts)).filter((word) => !stopwords.has(word) && !/^\d+$/.test(word)).map(stemOf);
  };
  // The words of a phrase, also two of them written as one, as in "batchnorm" and "backpropagation".
  const phraseOf = (text) => {
    const plain = splitQuery(text.toLowerCase());
    const joined = plain.slice(1).map((word, i) => plain[i] + word);
    const words = wordsOf(text);
    return Object.assign(new Set([...words, ...[...plain, ...joined].map(stemOf)]), { count: words.length });
  };
  const unique = (words) => [...new Set(words)];

  // For each word, what it is found by, and how much that counts. A word that is on no page counts too: no page has all.
  const formsOf = (word) => {
    const groups = SEARCH_SYNONYMS.map((group) => group.split(" ").map(stemOf)).filter((group) => group.includes(word));
    return [[word, 1], ...unique(groups.flat()).filter((other) => other !== word).map((other) => [other, SYNONYM])];
  };

  const filesOf = (found) => (found === undefined ? [] : Array.isArray(found) ? found : [found]);
  const own = (table, word) => (Object.hasOwn(table, word) ? table[word] : undefined);

  // What is searched of each page: for each field its phrases, as sets of words. Made once.
  const readPages = (index) => {
    const sections = new Map(); // file: [[title, id]]
    for (const [title, places] of Object.entries(index.alltitles))
      for (const [file, id] of places) sections.set(file, [...(sections.get(file) || []), [title, id]]);
    return index.docnames.map((docname, file) => {
      const page = SEARCHED_PAGES[docname] || { kind: "", lead: "", keywords: [] };
      const title = page.kind === "API" ? docname.split("/").pop() : index.titles[file]; // the whole name of an object
      const parts = (sections.get(file) || []).filter(([, id]) => id);
      const phrases = (texts) => (texts || []).map(phraseOf);
      const fields = {
        title: phrases([title]),
        keyword: phrases(page.keywords),
        asked: phrases(page.asked),
        section: phrases(parts.map(([text]) => text)),
        name: phrases(page.names),
        lead: phrases([page.lead]),
        row: phrases(page.rows),
      };
      return { docname, file, page, title, words: wordsOf(title), parts, fields };
    });
  };

  // The files that have a word in their text, also as a part of a name such as learning_curves; without any, those that
  // have a longer word that begins with it.
  let named;
  const readNames = (terms) => {
    const found = new Map();
    for (const term of Object.keys(terms).filter((term) => term.includes("_")))
      for (const part of wordsOf(term)) found.set(part, [...(found.get(part) || []), ...filesOf(terms[term])]);
    return found;
  };
  const filesWith = (index, word) => {
    named ??= readNames(index.terms);
    const exact = [index.terms, index.titleterms].flatMap((table) => filesOf(own(table, word)));
    exact.push(...(named.get(word) || []));
    if (exact.length || word.length < 4) return exact;
    return Object.keys(index.terms).flatMap((term) => (term.startsWith(word) ? filesOf(index.terms[term]) : []));
  };

  // Whether two words differ by one letter, or by two neighbours that have changed places.
  const isMisspelt = (word, other) => {
    if (Math.abs(word.length - other.length) > 1) return false;
    let at = 0;
    while (at < word.length && word[at] === other[at]) at++;
    const rest = (text, by) => text.slice(at + by);
    const isSwapped = word[at] === other[at + 1] && word[at + 1] === other[at] && rest(word, 2) === rest(other, 2);
    return isSwapped || rest(word, 1) === rest(other, 1) || rest(word, 1) === rest(other, 0) || rest(word, 0) === rest(other, 1);
  };
  // A word that is on no page is taken for the one of the pages' that is on most of them and spelled almost alike.
  const corrected = (index, word) => {
    if (word.length < 5 || filesWith(index, word).length || formsOf(word).length > 1) return word;
    const found = Object.keys(index.terms).filter((term) => term[0] === word[0] && isMisspelt(word, term));
    const on = (term) => filesOf(index.terms[term]).length;
    return found.reduce((best, term) => (!best || on(term) > on(best) ? term : best), "") || word;
  };

  // A title, or the last part of a name, without what writers differ in: "batch norm" is BatchNorm.
  const bare = (text) => text.split(".").pop().toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  const hasAll = (phrase, words) => words.every((forms) => forms.some(([form]) => phrase.has(form)));

  let pages;
  const rankPages = (index, query) => {
    pages ??= readPages(index);
    const words = unique(wordsOf(query).map((word) => corrected(index, word))).map(formsOf);
    if (!words.length) return [];
    const texts = words.map((forms) => forms.map(([form]) => new Set(filesWith(index, form))));
    const rarity = texts.map((forms) => {
      const found = forms[0].size || Math.min(...forms.map((files) => files.size || Infinity));
      return Math.log(1 + pages.length / (1 + (Number.isFinite(found) ? found : 0)));
    });
    const total = rarity.reduce((sum, each) => sum + each, 0);
    const results = [];
    const asked = new Set(words.map((forms) => forms[0][0]));
    for (const { docname, file, page, title, words: titleWords, parts, fields } of pages) {
      let score = 0;
      let had = 0;
      words.forEach((forms, i) => {
        let best = 0;
        forms.forEach(([form, factor], j) => {
          let weight = texts[i][j].has(file) ? FIELDS.text : 0;
          for (const [field, phrases] of Object.entries(fields))
            if (phrases.some((phrase) => phrase.has(form))) weight += FIELDS[field];
          best = Math.max(best, (factor * weight) / (weight + HALF));
        });
        if (!best) return;
        had += rarity[i];
        score += rarity[i] * best;
      });
      if (!had) continue;
      for (const [field, share] of Object.entries(WHOLE)) {
        const sizes = fields[field].filter((phrase) => hasAll(phrase, words)).map((phrase) => phrase.count);
        if (sizes.length) score += (total * share * words.length) / Math.max(Math.min(...sizes), words.length);
      }
      const named = words.reduce((sum, [[word]], i) => sum + (titleWords.includes(word) ? rarity[i] : 0), 0);
      if (bare(title) === bare(query)) score += NAMED * total;
      else if (titleWords.length && titleWords.every((word) => asked.has(word))) score += (NAMED * named ** 2) / total;
      score *= (had / total) ** 2 * KINDS[page.kind] * (docname.endsWith("index") ? INDEX : 1);
      const common = (phrase) => words.filter((forms) => forms.some(([form]) => phrase.has(form))).length;
      const counts = fields.section.map(common);
      const most = Math.max(0, ...counts);
      const [section, anchor] = most > common(fields.title[0]) ? parts[counts.indexOf(most)] : ["", ""];
      results.push({ docname, score, title, section, anchor, page });
    }
    return results.sort((a, b) => b.score - a.score || a.title.localeCompare(b.title));
  };

  // Classes and functions whose name was written: Dense, MLPClassifier, fit, lw.plots.curve.
  const namedObjects = (index, query) => {
    const asked = query.trim().replace(/\(\)$/, "").replace(/^lw\./, "layerwise.");
    if (/\s/.test(asked)) return [];
    const found = [];
    for (const [prefix, objects] of Object.entries(index.objects))
      for (const [file, , , anchor, name] of objects) {
        const full = prefix ? `${prefix}.${name}` : name;
        if (full !== asked && !full.endsWith(`.${asked}`)) continue;
        const page = { ...SEARCHED_PAGES[index.docnames[file]], kind: "API" };
        const id = anchor === "" ? full : anchor === "-" ? "" : anchor;
        found.push({ docname: index.docnames[file], title: full, section: "", anchor: id, page });
      }
    return found.sort((a, b) => a.title.length - b.title.length).slice(0, 5);
  };

  const element = (tag, className, ...children) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };

  const show = (result) => {
    const link = element("a", "", result.section ? `${result.title}: ${result.section}` : result.title);
    link.href = result.docname + DOCUMENTATION_OPTIONS.LINK_SUFFIX + (result.anchor ? `#${result.anchor}` : "");
    const item = element("li", "", link);
    if (result.page.kind) item.append(" ", element("span", "search-kind", result.page.kind));
    if (result.page.lead) item.append(element("p", "context", result.page.lead));
    return item;
  };

  const answer = (query) => {
    const found = rankPages(Search._index, query);
    const objects = namedObjects(Search._index, query);
    const shown = new Set();
    const results = [...objects, ...found.slice(0, MOST)].filter((result) => {
      const key = `${result.docname}#${result.anchor}`;
      return !shown.has(key) && shown.add(key);
    });
    Search.stopPulse();
    Search.title.textContent = "Search results";
    Search.status.textContent = results.length
      ? `${found.length > MOST ? `The first ${MOST}` : results.length} results for “${query.trim()}”.`.replace(/^1 results/, "1 result")
      : `Nothing was found for “${query.trim()}”. Try other words, or the name of a class.`;
    Search.output.replaceChildren(...results.map(show));
  };

  document.addEventListener("DOMContentLoaded", () => {
    Search.query = answer; // before Search.init, which is called by a listener that is added later
  });
})();
