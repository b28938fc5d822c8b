// What scrolls within itself is reached by the keyboard; links, lists and folds have names.
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

  // The gallery's pictures are links whose texts are hidden.
  const nameThumbnails = () => {
    for (const link of document.querySelectorAll(".sphx-glr-thumbcontainer a")) link.setAttribute("aria-label", link.textContent.trim());
    for (const list of document.querySelectorAll("#sg-tag-list:empty")) list.remove();
  };

  addEventListener("load", () => {
    nameSignatures();
    nameThumbnails();
    for (const summary of document.querySelectorAll(".bd-sidebar-primary summary")) {
      const title = summary.closest("li")?.querySelector("a")?.textContent.trim();
      summary.setAttribute("aria-label", `Pages of ${title}`);
    }
    window.MathJax?.startup?.promise?.then(markFormulas);
    addEventListener("resize", markFormulas);
  });
})();
