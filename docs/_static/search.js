// Search for questions: a page is found by any of the words that were asked for, and ranked by how many it has, how rare
// they are, where they stand (keywords, title, section, text), and the kind of page. The index and the stemmer are Sphinx's.
"use strict";

(() => {
  const PLACES = { keyword: 6, title: 5, section: 3, text: 1 };
  const KINDS = { "How-to": 1.25, Course: 1.1, Explanation: 1, Reference: 1, Gallery: 0.9, API: 0.7, "": 0.8 };
  const MOST = 30;

  // Words as they stand in the index. A word that is in none of the pages counts too: no page has all words then.
  const wordsOf = (text, stemmer) => {
    const words = splitQuery(text.toLowerCase()).filter((word) => !stopwords.has(word) && !/^\d+$/.test(word));
    return [...new Set(words.map((word) => stemmer.stemWord(word)))];
  };

  const filesOf = (found) => (found === undefined ? [] : Array.isArray(found) ? found : [found]);
  const own = (table, word) => (Object.hasOwn(table, word) ? table[word] : undefined);

  // The files that have a word in their text; without any, those that have a longer word that begins with it.
  const filesWith = (table, word) => {
    const exact = filesOf(own(table, word));
    if (exact.length || word.length < 3) return exact;
    return Object.keys(table).flatMap((term) => (term.startsWith(word) ? filesOf(table[term]) : []));
  };

  const sectionsOf = (index, stemmer) => {
    const sections = new Map(); // file: [[words of its title, title, id]]
    for (const [title, places] of Object.entries(index.alltitles))
      for (const [file, id] of places) {
        if (!sections.has(file)) sections.set(file, []);
        sections.get(file).push([new Set(wordsOf(title, stemmer)), title, id]);
      }
    return sections;
  };

  const rankPages = (index, words, query) => {
    const stemmer = new Stemmer();
    const count = index.docnames.length;
    const texts = words.map((word) => new Set(filesWith(index.terms, word)));
    const titles = words.map((word) => new Set(filesWith(index.titleterms, word)));
    const rarity = words.map((_, i) => Math.log(1 + count / (1 + new Set([...texts[i], ...titles[i]]).size)));
    const sections = sectionsOf(index, stemmer);
    const asked = query.toLowerCase().trim().replace(/[?.!]+$/, "");
    const results = [];
    index.docnames.forEach((docname, file) => {
      const page = SEARCHED_PAGES[docname] || { kind: "", keywords: [], lead: "" };
      const title = new Set(wordsOf(index.titles[file], stemmer));
      const keywords = new Set(page.keywords.flatMap((keyword) => wordsOf(keyword, stemmer)));
      let score = 0;
      let hits = 0;
      words.forEach((word, i) => {
        const place = keywords.has(word) ? "keyword" : title.has(word) ? "title"
          : titles[i].has(file) ? "section" : texts[i].has(file) ? "text" : "";
        if (!place) return;
        score += PLACES[place] * rarity[i];
        hits += 1;
      });
      if (!hits) return;
      let best = [0, "", ""]; // the section whose title has most of the words
      for (const [has, text, id] of sections.get(file) || []) {
        const common = words.filter((word) => has.has(word)).length;
        if (id && common > best[0]) best = [common, text, id];
      }
      const inTitle = words.filter((word) => title.has(word)).length;
      const section = best[0] > inTitle ? best : [0, "", ""];
      score += section[0] > 1 ? 2 * section[0] : 0;
      if (page.keywords.some((keyword) => wordsOf(keyword, stemmer).join(" ") === words.join(" "))) score += 20;
      if (index.titles[file].toLowerCase() === asked) score += 20;
      score *= (hits / words.length) ** 2 * KINDS[page.kind];
      results.push({ docname, score, title: index.titles[file], section: section[1], anchor: section[2], page });
    });
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
    const words = wordsOf(query, new Stemmer());
    const pages = words.length ? rankPages(Search._index, words, query) : [];
    const objects = namedObjects(Search._index, query);
    const shown = new Set();
    const results = [...objects, ...pages.slice(0, MOST)].filter((result) => {
      const key = `${result.docname}#${result.anchor}`;
      return !shown.has(key) && shown.add(key);
    });
    Search.stopPulse();
    Search.title.textContent = "Search results";
    Search.status.textContent = results.length
      ? `${pages.length > MOST ? `The first ${MOST}` : results.length} results for “${query.trim()}”.`.replace(/^1 results/, "1 result")
      : `Nothing was found for “${query.trim()}”. Try other words, or the name of a class.`;
    Search.output.replaceChildren(...results.map(show));
  };

  document.addEventListener("DOMContentLoaded", () => {
    Search.query = answer; // before Search.init, which is called by a listener that is added later
  });
})();
