// When a view is painted: from the input, or the start of the navigation, to the last change that it brings.
//
// Noted are the newest input and the newest change: of anything in the document (Streamlit's own mark that its script
// has ended among it), or the end of a frame that took LONG_MS or more, which is what drawing on a canvas looks like.
// The view is painted when it shows what it should, the script has ended, and nothing has changed for a while; the
// moment is that of the newest change, not that of finding out.
(() => {
  const LONG_MS = 60;
  const LATEST_ANSWER_MS = 2000;
  const seen = { input: 0, change: 0, frame: 0 };
  for (const kind of ["pointerdown", "keydown"]) {
    window.addEventListener(kind, () => { seen.input = seen.change = performance.now(); }, { capture: true });
  }
  // What lies within a canvas is for screen readers and never painted: tables write it 200 ms after they have drawn.
  const isPaintable = ({ target }) => !(target.parentElement ?? target).closest?.("canvas");
  new MutationObserver((changes) => {
    if (changes.some(isPaintable)) seen.change = performance.now();
  }).observe(document, {
    subtree: true, childList: true, attributes: true, characterData: true,
  });
  const tick = (now) => {
    if (seen.frame && now - seen.frame >= LONG_MS) seen.change = performance.now();
    seen.frame = now;
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
  // Milliseconds; null = not yet.
  window.lanePainted = (shows, quietMs) => {
    const app = document.querySelector("[data-testid=stApp]");
    if (app?.getAttribute("data-test-script-state") !== "notRunning") return null;
    if (document.querySelector("[data-testid=stSkeleton], [data-stale=true]")) return null;
    const isShown = [...document.querySelectorAll(shows)].some((node) => node.getClientRects().length);
    // A server that is busy answers late; an input that changes nothing, as on the tab that is open, is over by then.
    const patience = seen.change === seen.input ? LATEST_ANSWER_MS : quietMs;
    if (!isShown || performance.now() - seen.change < patience) return null;
    return seen.change - seen.input;
  };
})();
