// Exercises: a field or radio buttons for each, the check, its messages, and what was solved.
// Without this script a page shows question, choices, hint and solution as they are.
"use strict";

(() => {
  const STORE = "layerwise.solved";
  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

  // One number: 2.3, 2,3, -1/3, 1e-3, 1.5·10^-3, and 40%, which is 0.4. Returns NaN for what is none.
  const read = (text) => {
    let word = text.replace(/(\d)(?:[·×*x])10(?:\^|\*\*)\(?([+-]?\d+)\)?$/i, "$1e$2");
    let scale = 1;
    if (word.endsWith("%")) [word, scale] = [word.slice(0, -1), 0.01];
    const parts = word.split("/").map((part) => (NUMBER.test(part) ? Number(part) : NaN));
    if (parts.length === 1) return parts[0] * scale;
    return parts.length === 2 && parts[1] !== 0 ? (parts[0] / parts[1]) * scale : NaN;
  };

  // How far a number may lie from what it was rounded from: 1.2 by 0.05. Without decimals, and for a fraction, 0.
  const rounding = (word) => {
    const [, decimals, exponent = "0", percent] = word.match(/^[^/]*[.](\d+)(?:e([+-]?\d+))?(%?)$/i) || [];
    if (!decimals || !/[1-9]/.test(word.split(/e/i)[0])) return 0;
    return 0.5 * 10 ** (Number(exponent) - decimals.length - (percent ? 2 : 0));
  };

  // All ways to read a text as `count` numbers. "1,5" is one number or two; "50,000" is 50 or fifty thousand.
  // "23.550" is 23550, too, where the answers are `large`: whole numbers of at least 1000.
  const readings = (text, count, large = false) => {
    const plain = text
      .replace(/[\u2212\u2012\u2013\u2014\ufe63\uff0d]/g, "-")
      .replace(/^\s*[\p{L}_][\p{L}\p{N}_. ]*\s*[=:≈]|^\s*[=≈]/u, "")
      .replace(/(?<=[,;\s])[\p{L}_][\p{L}\p{N}_.]*\s*[=:≈]\s*/gu, "")
      .replace(/[[\](){}]|(?:np\.|numpy\.)?array/g, (mark, at, all) => (/[\^*]\s*$/.test(all.slice(0, at)) ? "" : " "))
      .replace(/\s*(\/|·|×|\*\*|\*|\^)\s*/g, "$1")
      .replace(/([+-])\s+(?=[\d.])/g, "$1")
      .replace(/(\d)\s+%/g, "$1%")
      .trim()
      .replace(/[.;,]+$/, (end) => (end === "." ? "." : ""));
    const comma = (word) => word.replace(/(\d),(\d)|^([+-]?),(\d)/g, (_, a = "", b, sign = "", d) => (b ? `${a}.${b}` : `${sign}.${d}`));
    const thousands = (word) => (/^[+-]?\d{1,3}([,_\s]\d{3})+(\.\d+)?$/.test(word) ? word.replace(/[,_\s]/g, "") : "?");
    const points = (word) => (/^[+-]?[1-9]\d{0,2}(\.\d{3})+$/.test(word) ? word.replaceAll(".", "") : "?");
    const found = [];
    const attempt = (words, change) => {
      if (words.length !== count) return;
      const changed = words.map(change);
      const numbers = changed.map(read);
      if (numbers.every(Number.isFinite)) found.push(Object.assign(numbers, { rounding: changed.map(rounding) }));
    };
    const keep = (word) => word;
    const changes = [keep, comma, thousands, ...(large ? [points] : [])];
    const tryAll = (all) => {
      const splits = [[all], all.split(/\s*;\s*/), all.split(/\s+/), all.split(/\s*[;\s]\s*/), all.split(/\s*,\s+/)];
      for (const words of splits) for (const change of changes) attempt(words, change);
      attempt(all.split(/\s*[,;]\s*|\s+/).filter(Boolean), keep);
    };
    tryAll(plain);
    if (count > 1) tryAll(plain.replace(/\s*[x×*]\s*|[\s,;]+(?:by|and)\s+/gi, "; ")); // 784 x 30; -6 and 2
    return found;
  };

  const near = (left, right, tolerance) => left.every((value, i) => Math.abs(value - right[i]) <= tolerance * (1 + 1e-9) + 1e-12);
  const equal = (left, right, tolerance) => near(left, right, Math.max(tolerance, 1e-9));

  // What to say about numbers: right, or the index of a usual mistake, or a sentence.
  const judgeNumbers = (text, told) => {
    const { answer, tolerance, wrong } = told;
    const several = answer.length > 1;
    if (!text.trim()) return { say: "Write your answer first." };
    const large = answer.every((value) => Number.isInteger(value) && Math.abs(value) >= 1000);
    const found = readings(text, answer.length, large);
    if (!found.length) {
      const form = several ? `${answer.length} numbers, such as 1.5; -2; 1/3` : "a number, such as -12.5, -1/7 or 1e-6";
      return { say: `This cannot be read. Write ${form}.` };
    }
    const some = (test) => found.some(test);
    if (some((numbers) => near(numbers, answer, tolerance))) return { right: true };
    const mistake = wrong.findIndex((numbers) => some((given) => near(given, numbers, tolerance)));
    if (mistake >= 0) return { mistake };
    const rounded = (value, i, half) => near([value], [answer[i]], Math.max(tolerance, half));
    if (some((numbers) => numbers.every((value, i) => rounded(value, i, numbers.rounding[i])))) return { say: "Right so far; give more decimals." };
    const scale = Math.max(...answer.map(Math.abs));
    if (scale && some((numbers) => equal(numbers.map((value) => -value), answer, tolerance))) return { say: "Check the sign." };
    if (tolerance && some((numbers) => near(numbers, answer, Math.max(5 * tolerance, 0.01 * scale))))
      return { say: "Close, but not close enough. Give more digits, or check the rounding." };
    if (several) {
      const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
      if (some((numbers) => equal(sorted(numbers), sorted(answer), tolerance))) return { say: "These are the numbers, in another order." };
      const hits = Math.max(...found.map((numbers) => numbers.filter((value, i) => near([value], [answer[i]], tolerance)).length));
      if (hits) return { say: `${hits} of the ${answer.length} numbers ${hits === 1 ? "is" : "are"} right.` };
      // 0,5 may be meant as one number
      if (readings(text, 1).length) return { say: `Not yet. This was read as ${answer.length} numbers: ${found[0].join("; ")}.` };
    }
    return { say: "Not yet." };
  };

  const judgeChoice = (chosen, told) => {
    if (chosen < 0) return { say: "Choose an answer first." };
    if (chosen === told.answer) return { right: true };
    const mistake = told.wrong.indexOf(chosen);
    return mistake >= 0 ? { mistake } : { say: "Not yet." };
  };

  const solved = {
    all() {
      try {
        return new Set(JSON.parse(localStorage.getItem(STORE) || "[]"));
      } catch {
        return new Set(); // storage is not allowed, or holds something else
      }
    },
    add(name) {
      try {
        localStorage.setItem(STORE, JSON.stringify([...this.all().add(name)]));
      } catch {
        // storage is not allowed: it is forgotten with the page
      }
    },
  };

  const element = (tag, attributes = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  };

  const numberField = (form, name, told) => {
    const count = told.answer.length;
    const label = count > 1 ? `Your answer: ${count} numbers` : "Your answer";
    const input = element("input", { type: "text", id: `answer-${name}`, autocomplete: "off", spellcheck: false });
    input.setAttribute("autocapitalize", "off");
    input.setAttribute("aria-describedby", `status-${name}`);
    form.append(element("label", { htmlFor: input.id }, label), input);
    return { judge: () => judgeNumbers(input.value, told), mark: (bad) => input.setAttribute("aria-invalid", String(bad)) };
  };

  const radioButtons = (form, name, told, root) => {
    const group = element("fieldset", {}, element("legend", {}, "Your answer"));
    root.querySelectorAll(".exercise-choice").forEach((choice, index) => {
      const button = element("input", { type: "radio", name: `answer-${name}`, value: index });
      // A formula has no name for a screen reader until it is set, and then none that all of them know: its TeX is read.
      if (choice.querySelector(".math")) button.setAttribute("aria-label", choice.textContent.replace(/\\[()]/g, "").trim());
      const text = element("span", { className: "exercise-choice-text" }, ...choice.childNodes);
      group.append(element("label", {}, button, text));
    });
    root.querySelector(".exercise-choices").remove();
    form.append(group);
    const judge = () => judgeChoice(Number(form.elements[`answer-${name}`].value || -1), told);
    return { judge, mark: () => {} };
  };

  const enhance = (root) => {
    const name = root.id.replace("exercise-", "");
    const told = JSON.parse(root.dataset.exercise);
    const sentences = [...root.querySelectorAll(".exercise-wrong")];
    const hint = root.querySelector("details[data-kind=hint]");
    const form = element("form", { className: "exercise-form", noValidate: true });
    const field = (told.choices ? radioButtons : numberField)(form, name, told, root);
    const status = element("div", { className: "exercise-status", id: `status-${name}` });
    status.setAttribute("role", "status");
    form.append(element("button", { type: "submit", className: "exercise-check" }, "Check"), status);
    root.insertBefore(form, root.querySelector(".exercise-mistakes, details"));
    if (hint) hint.hidden = true;

    const markSolved = () => {
      root.classList.add("exercise-solved");
      root.querySelector(".exercise-title").textContent = "Exercise (solved)";
    };
    if (solved.all().has(name)) markSolved();

    let misses = 0;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const found = field.judge();
      status.dataset.state = found.right ? "right" : "wrong";
      status.replaceChildren(found.right ? "Correct." : found.mistake >= 0 ? sentences[found.mistake] : found.say);
      field.mark(!found.right);
      if (found.right) {
        solved.add(name);
        markSolved();
      } else if (hint) {
        hint.hidden = false;
        hint.open = ++misses > 1;
      }
    });
  };

  document.querySelectorAll(".exercise[data-exercise]").forEach(enhance);
})();
