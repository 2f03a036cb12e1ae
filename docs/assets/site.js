// What scrolls sideways can be reached with the Tab key, and then be scrolled with the arrows.
function letScroll() {
  for (const one of document.querySelectorAll(".md-typeset__scrollwrap, .output, pre > code")) {
    const block = one.tagName !== "CODE"
    const scrolls = one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1
    if (scrolls && getComputedStyle(one).overflow !== "visible") {
      one.tabIndex = 0
      if (block) {
        one.setAttribute("role", "group")
        one.setAttribute("aria-label", one.className === "output" ? "Output" : "Table")
      }
    } else if (block) {
      one.removeAttribute("tabindex")
    }
  }
}

// The theme leaves some parts without a name, and gives the same name to several landmarks.
function giveNames() {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search")
  for (const one of document.querySelectorAll(".md-code__nav")) one.setAttribute("role", "none")
  for (const one of document.querySelectorAll(".md-nav--primary .md-nav[aria-labelledby]")) {
    const title = one.querySelector(".md-nav__title")?.textContent.trim() // what it is labelled by may be an icon only
    one.setAttribute("aria-label", "Pages: " + title)
    one.removeAttribute("aria-labelledby")
  }
}

addEventListener("load", () => {
  letScroll()
  giveNames()
  new MutationObserver(giveNames).observe(document.querySelector(".md-content"), { childList: true, subtree: true })
})
addEventListener("resize", letScroll)
