/** The reference page's script: filters operations, copies examples. The page reads well without it. */
export const REFERENCE_SCRIPT = `"use strict";
const filter = document.getElementById("filter");
const nothing = document.getElementById("nothing");
const items = [...document.querySelectorAll("[data-text]")];
const groups = [...document.querySelectorAll("[data-group]")];

function applyFilter() {
  const words = filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const item of items) {
    item.hidden = !words.every((word) => item.dataset.text.includes(word));
    if (!item.hidden) shown++;
  }
  for (const group of groups) group.hidden = !group.querySelector("[data-text]:not([hidden])");
  nothing.hidden = shown > 0;
}

filter.addEventListener("input", applyFilter);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== filter) {
    event.preventDefault();
    filter.focus();
  } else if (event.key === "Escape" && document.activeElement === filter) {
    filter.value = "";
    applyFilter();
    filter.blur();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.closest("figure").querySelector("code").textContent);
  button.textContent = "Copied";
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
});

const links = new Map([...document.querySelectorAll("nav li a")].map((link) => [link.hash.slice(1), link]));
const observer = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) links.get(target.id)?.classList.toggle("here", isIntersecting);
}, { rootMargin: "-20% 0px -70% 0px" });
for (const article of document.querySelectorAll("article")) observer.observe(article);
`;
