/* Runs in the page before anything else: what was on screen when a key came, when the next example was, and when the
 * decision was known to be stored. Times are milliseconds of performance.now().
 *
 * A decision is stored when the card lets go of it. The card keeps every event in sessionStorage until the page has
 * passed its id as acknowledged, and the page learns that id after the transaction has been committed; so the time is an
 * upper bound: it has the way back to the browser in it.
 */
(() => {
  const PREFIX = "lane-review:";
  const presses = (window.lanePresses = []);
  const pressOf = new Map(); // event id -> press
  const waiting = new Map(); // name in sessionStorage -> ids

  const exampleNode = () => {
    for (const host of document.querySelectorAll("[data-testid=stBidiComponentIsolated]")) {
      const node = host.shadowRoot?.querySelector(".example-id");
      if (node) return node;
    }
    return null;
  };
  const exampleOf = (node) => (node?.textContent ?? "").split(" · ")[0];

  /** Calls back when the frame that holds the change has been drawn. */
  const afterFrame = (callback) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = callback;
    channel.port2.postMessage(0);
  });

  let root = null;
  const observer = new MutationObserver(() => {
    const press = presses.at(-1);
    const next = exampleOf(root.querySelector(".example-id"));
    if (!press || press.next !== null || next === press.example) return;
    press.next = next;
    press.changed = performance.now();
    afterFrame(() => { press.shown = performance.now(); });
  });

  window.addEventListener("keydown", (event) => {
    const node = exampleNode();
    if (!node || event.repeat || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    if (node.getRootNode() !== root) {
      root = node.getRootNode();
      observer.disconnect();
      observer.observe(root, { childList: true, characterData: true, subtree: true });
    }
    // timeStamp is when the browser got the key: a page that is busy then makes the wait longer.
    presses.push({
      key: event.key, example: exampleOf(node), began: event.timeStamp, origin: performance.timeOrigin,
      next: null, changed: null, shown: null, stored: null, ids: [],
    });
  }, true);

  const noteEvents = (name, text) => {
    let events = text === null ? [] : JSON.parse(text);
    events = Array.isArray(events) ? events.filter((event) => event?.event_id) : [];
    const now = performance.now();
    const ids = new Set(events.map((event) => event.event_id));
    for (const id of waiting.get(name) ?? []) {
      if (!ids.has(id) && pressOf.has(id)) pressOf.get(id).stored = now;
    }
    for (const id of ids) {
      if (pressOf.has(id) || !presses.length) continue;
      pressOf.set(id, presses.at(-1));
      presses.at(-1).ids.push(id);
    }
    waiting.set(name, ids);
  };
  const { setItem, removeItem } = Storage.prototype;
  Storage.prototype.setItem = function (name, value) {
    setItem.call(this, name, value);
    if (this === window.sessionStorage && name.startsWith(PREFIX)) noteEvents(name, value);
  };
  Storage.prototype.removeItem = function (name) {
    removeItem.call(this, name);
    if (this === window.sessionStorage && name.startsWith(PREFIX)) noteEvents(name, null);
  };
})();
