"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const root = document.documentElement;
  const items = all(".item");
  const groups = all("[data-group]");
  const form = document.querySelector(".filters");
  const search = document.getElementById("search");
  const findings = items.filter((item) => item.classList.contains("finding"));

  document.querySelector(".tools").hidden = false;
  if (form) form.hidden = false;

  // What an item says, lower case; made when somebody first searches.
  const texts = new Map();
  const titles = new Map(groups.map((group) => [group, group.querySelector("h3")?.textContent]));
  const says = (item, words) => {
    let text = texts.get(item);
    if (text === undefined) {
      text = `${item.textContent} ${item.dataset.severity || ""} ${titles.get(item.closest("[data-group]")) || ""}`.toLowerCase();
      texts.set(item, text);
    }
    return words.every((word) => text.includes(word));
  };

  const wanted = () => {
    const data = new FormData(form);
    const severities = new Set(data.getAll("severity"));
    const choices = ["section", "system", "unit"].map((name) => [name, data.get(name)]).filter(([, value]) => value);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    return (item) => {
      const own = item.dataset;
      if (own.severity !== undefined && !severities.has(own.severity)) return false;
      for (const [name, value] of choices) {
        if (own[name] === undefined) continue;
        if (name === "system" ? !own.system.split(" ").includes(value) : own[name] !== value) return false;
      }
      return !words.length || says(item, words);
    };
  };

  const apply = () => {
    const passes = wanted();
    let shown = 0;
    for (const item of items) {
      const passed = passes(item);
      if (item.hidden === passed) item.hidden = !passed;
      if (passed && item.classList.contains("finding")) shown += 1;
    }
    for (const group of groups) {
      const inside = all(".item", group);
      const left = inside.filter((item) => !item.hidden).length;
      group.hidden = !left;
      group.querySelector("[data-shown]").textContent = left === inside.length ? "" : `${left} of `;
    }
    const total = `${findings.length} finding${findings.length === 1 ? "" : "s"}`;
    document.getElementById("result").textContent = shown === findings.length ? total : `${shown} of ${total}`;
    const nothing = document.querySelector(".nothing");
    if (nothing) nothing.hidden = shown > 0;
  };

  if (form) {
    form.addEventListener("input", apply);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(apply));
    apply();
  }

  // Unfolding: a link to something inside a fold opens it; printing opens all.
  const folds = () => all("details");
  const reveal = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    target.hidden = false;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", reveal);
  reveal();

  let folded = [];
  addEventListener("beforeprint", () => {
    folded = folds().filter((fold) => !fold.open);
    for (const fold of folded) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of folded) fold.open = false;
  });

  const unfold = document.getElementById("unfold");
  unfold.addEventListener("click", () => {
    const opening = unfold.textContent === "Unfold all";
    for (const fold of folds()) fold.open = opening;
    unfold.textContent = opening ? "Fold all" : "Unfold all";
  });

  const theme = document.getElementById("theme");
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const label = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  const kept = (value) => {
    try {
      if (value) localStorage.setItem("tillproof-theme", value);
      return localStorage.getItem("tillproof-theme");
    } catch {
      return null;
    }
  };
  if (["light", "dark"].includes(kept())) root.dataset.theme = kept();
  label();
  theme.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    kept(root.dataset.theme);
    label();
  });

  addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, select, textarea");
    if (event.key === "/" && !typing && search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && typing === search && search) {
      search.value = "";
      apply();
      search.blur();
    } else if ((event.key === "j" || event.key === "k") && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const shown = all(".item > summary").filter((summary) => summary.offsetParent !== null);
      const at = shown.indexOf(document.activeElement);
      const next = shown[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), shown.length - 1)];
      if (next) next.focus();
    }
  });
})();
