// What scrolls sideways can be reached with the Tab key, and then be scrolled with the arrows.
function letScroll() {
  for (const one of document.querySelectorAll(".md-typeset__scrollwrap, .output, pre > code")) {
    const scrolls = one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1;
    if (scrolls && getComputedStyle(one).overflow !== "visible") {
      one.tabIndex = 0;
      if (one.tagName !== "CODE") {
        one.setAttribute("role", "group");
        one.setAttribute("aria-label", one.className === "output" ? "Output" : "Table");
      }
    } else if (one.tagName !== "CODE") {
      one.removeAttribute("tabindex");
    }
  }
}
addEventListener("load", letScroll);
addEventListener("resize", letScroll);
