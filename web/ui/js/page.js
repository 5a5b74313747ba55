// Small comforts for pages that work without them: a button that copies what it
// stands for, one that shows a password, and the token of a setup link, which
// stands behind the # of the address so that no server log holds it.
(function () {
  "use strict";
  for (const b of document.querySelectorAll("button[data-copy]")) {
    if (!navigator.clipboard) break;
    b.hidden = false;
    b.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.querySelector(b.dataset.copy).innerText.trim());
      b.querySelector("span").textContent = b.dataset.done;
    });
  }
  for (const b of document.querySelectorAll("button[data-show]")) {
    const input = document.querySelector(b.dataset.show);
    b.hidden = false;
    b.addEventListener("click", () => {
      const shown = input.type === "text";
      input.type = shown ? "password" : "text";
      b.setAttribute("aria-pressed", String(!shown));
    });
    input.form.addEventListener("submit", () => { input.type = "password"; });
  }
  const token = document.querySelector("input[data-fragment]");
  if (token && location.hash.length > 1) {
    token.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, "", location.pathname + location.search);
    token.closest(".field").hidden = true;
  }
})();
