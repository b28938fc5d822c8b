// What scrolls within itself is reached by the keyboard; what folds the sidebar's pages has a name.
"use strict";

(() => {
  const markFormulas = () => {
    for (const formula of document.querySelectorAll("mjx-container:not([display])"))
      formula.classList.toggle("scrolls", formula.offsetWidth > formula.parentElement.clientWidth && formula.parentElement.clientWidth > 0);
    for (const box of document.querySelectorAll("div.math, mjx-container[display], mjx-container.scrolls")) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };

  // Sphinx sets the lines of a long signature as a list without terms.
  const nameSignatures = () => {
    for (const list of document.querySelectorAll("dt.sig dl")) {
      list.setAttribute("role", "none");
      for (const line of list.children) line.setAttribute("role", "none");
    }
  };

  addEventListener("load", () => {
    nameSignatures();
    for (const summary of document.querySelectorAll(".bd-sidebar-primary summary")) {
      const title = summary.closest("li")?.querySelector("a")?.textContent.trim();
      summary.setAttribute("aria-label", `Pages of ${title}`);
    }
    window.MathJax?.startup?.promise?.then(markFormulas);
    addEventListener("resize", markFormulas);
  });
})();
