// Behaviours by data attribute (docs/ui.md). Events are delegated, so content swapped in by htmx works too.
(() => {
  const COPIED_MS = 2000;

  function say(text) {
    const live = document.getElementById("live");
    live.textContent = "";
    // A change in the same tick as the emptying would not be announced when the text is the same as before.
    window.setTimeout(() => { live.textContent = text; }, 50);
  }

  // -- data-copy: the stored string, not what is drawn ---------------------------------------------------------------

  const copied = new WeakMap();

  function labelNode(button) {
    const walker = document.createTreeWalker(button, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) if (walker.currentNode.data.trim()) return walker.currentNode;
    return null; // an icon alone: the style sheet shows the word
  }

  async function write(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // No permission, or plain http: the old command, with the exact text put in by hand.
      let done = false;
      const put = (event) => {
        event.clipboardData.setData("text/plain", text);
        event.preventDefault();
        done = true;
      };
      document.addEventListener("copy", put, { once: true });
      document.execCommand("copy");
      document.removeEventListener("copy", put);
      return done;
    }
  }

  function selectByHand(id) {
    const shown = document.getElementById(`${id}-code`);
    if (shown) window.getSelection().selectAllChildren(shown);
    say("Press Ctrl+C to copy");
  }

  async function copy(button) {
    const id = button.dataset.copy;
    if (!(await write(JSON.parse(document.getElementById(id).textContent)))) return selectByHand(id);
    const before = copied.get(button);
    const node = labelNode(button);
    const text = before ? before.text : node?.data;
    if (before) window.clearTimeout(before.timer);
    if (node) node.data = "Copied";
    button.classList.add("is-copied");
    say("Copied");
    const timer = window.setTimeout(() => {
      if (node) node.data = text;
      button.classList.remove("is-copied");
      copied.delete(button);
    }, COPIED_MS);
    copied.set(button, { text, timer });
  }

  // -- data-check: all, none, or the values of a preset --------------------------------------------------------------

  function check(button) {
    const scope = button.closest("[data-checkgroup]") ?? button.closest("[data-checklist]");
    const wanted = button.dataset.check;
    const values = wanted.split(/\s+/);
    for (const box of scope.querySelectorAll("input[type=checkbox]:enabled")) {
      const tick = wanted === "all" || (wanted !== "none" && values.includes(box.value));
      if (box.checked === tick) continue;
      box.checked = tick;
      box.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  // -- data-show-when="field=value|value" ----------------------------------------------------------------------------

  function showWhen(root) {
    for (const part of root.querySelectorAll("[data-show-when]")) {
      const [name, values] = part.dataset.showWhen.split("=");
      const scope = part.closest("form") ?? document;
      const shown = [...scope.querySelectorAll(`[name="${CSS.escape(name)}"]`)].some((control) =>
        (control.checked || !["radio", "checkbox"].includes(control.type)) && values.split("|").includes(control.value));
      part.hidden = !shown;
      // A hidden control that is required or wrong would stop the form with a message nobody can see.
      for (const control of part.querySelectorAll("input, select, textarea")) control.disabled = !shown;
    }
  }

  // -- data-confirm="text": the button waits until it is typed -------------------------------------------------------

  function guard(input) {
    for (const button of input.form.querySelectorAll("button:not([type=button]), input[type=submit]")) {
      button.disabled = input.value.trim() !== input.dataset.confirm.trim();
    }
  }

  // -- every POST form is sent once ----------------------------------------------------------------------------------

  function sendOnce(event) {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    const button = event.submitter ?? form.querySelector("button:not([type=button])");
    button?.setAttribute("aria-busy", "true");
  }

  function release() {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
    for (const button of document.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
  }

  // -- code longer than its panel ------------------------------------------------------------------------------------

  function measureCode(root) {
    for (const button of root.querySelectorAll("[data-show-all]")) {
      const code = document.getElementById(button.getAttribute("aria-controls"));
      button.hidden = code.scrollHeight <= code.clientHeight;
    }
  }

  function showAll(button) {
    document.getElementById(button.getAttribute("aria-controls")).classList.add("is-whole");
    button.hidden = true;
  }

  // -- wiring --------------------------------------------------------------------------------------------------------

  function prepare(root) {
    showWhen(root);
    measureCode(root);
    root.querySelectorAll("[data-confirm]").forEach(guard);
    root.querySelector("[aria-invalid=true], .form-errors")?.focus();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy], [data-check], [data-show-all]");
    if (button?.hasAttribute("data-copy")) copy(button);
    if (button?.hasAttribute("data-check")) check(button);
    if (button?.hasAttribute("data-show-all")) showAll(button);
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest("details[data-menu][open]");
    if (!menu) return;
    event.preventDefault(); // or the drawer around it would close as well
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("change", (event) => showWhen(event.target.form ?? document));
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-confirm]")) guard(event.target);
  });
  document.addEventListener("submit", sendOnce);
  window.addEventListener("pageshow", release); // the Back button brings the sent page back as it was
  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  document.addEventListener("htmx:beforeSwap", (event) => {
    // A refresh that was led elsewhere (signed out meanwhile) must not put that page into a corner of this one.
    const { requestConfig, pathInfo, xhr } = event.detail;
    if (requestConfig.verb !== "get" || !xhr.responseURL) return;
    if (new URL(xhr.responseURL).pathname === new URL(pathInfo.finalRequestPath, location.href).pathname) return;
    event.detail.shouldSwap = false;
    location.reload();
  });
  prepare(document);
})();
