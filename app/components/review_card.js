/* The review card: keys and clicks in, events out. The rest is in review_card_queue.js (what is decided),
 * review_card_keys.js (which key means what), review_card_view.js and review_card_chart.js (drawing);
 * review_card.py joins the files into one module.
 *
 * Streamlit calls the default export at every rerun with fresh data, so the state lives on the shadow root.
 */
const SEND_AFTER_MS = 30; // after the last key: a burst is one rerun
const ANSWER_WITHIN_MS = 1000; // a send before the answer to the last one would cut that rerun short, cards and all
const RESEND_AFTER_MS = 2000; // doubled at each try
const RESEND_AT_MOST_MS = 15000;
const UNSAVED_SHOWN_AFTER_MS = 3000;
const FEW_CARDS = 5; // left besides the skipped ones: more are asked for
const SWAP_GUARD_MS = 300; // a card that the server swapped in cannot be hit by a key meant for the one before
const LONGEST_LEAD_TIME_S = 86400;

class ReviewCard {
  constructor(host, name) {
    this.host = host;
    this.name = name;
    this.root = host.querySelector("[data-part='root']");
    this.queue = new ReviewQueue(name);
    this.view = new ReviewView(this.root);
    this.calls = 0;
    this.sent = new Set(); // ids of the last send
    this.sentAt = -Infinity;
    this.resendAfter = RESEND_AFTER_MS;
    this.shownAt = performance.now();
    this.swappedAt = -Infinity;
    this.walksByKeyboard = false; // the focus was moved with Tab, not with the mouse
  }

  /** Takes fresh data from a rerun. Returns the number of the call, to be handed to leave(). */
  update(data, setStateValue) {
    this.server = data;
    this.setStateValue = setStateValue;
    if (!this.listening) this.#listen();
    this.#stayBright();
    const waiting = this.queue.pending.length;
    if (this.queue.receive(data)) {
      this.shownAt = performance.now();
      if (this.calls) this.swappedAt = this.shownAt;
    }
    if (this.queue.pending.length < waiting) this.resendAfter = RESEND_AFTER_MS;
    this.sentAt = -Infinity;
    const hasUnsent = this.queue.pending.some((event) => !this.sent.has(event.event_id));
    if (hasUnsent || (!this.calls && this.queue.pending.length)) this.#schedule();
    this.view.setClasses(data.classes);
    this.#draw();
    this.calls += 1;
    return this.calls;
  }

  /** Unmounted: unless a newer call has come, stop listening. Unsent events wait in sessionStorage. */
  leave(call) {
    if (call !== this.calls) return;
    this.listening.abort();
    this.listening = null;
    for (const timer of [this.sendTimer, this.resendTimer, this.unsavedTimer]) clearTimeout(timer);
    this.calls = 0;
  }

  /** Streamlit fades what a slow rerun has not drawn again yet; this card is never out of date. */
  #stayBright() {
    const container = this.host.host?.closest("[data-testid='stElementContainer']");
    container?.style.setProperty("opacity", "1", "important");
  }

  #listen() {
    this.listening = new AbortController();
    const { signal } = this.listening;
    document.addEventListener("keydown", (event) => this.#onKey(event), { capture: true, signal });
    document.addEventListener("pointerdown", () => { this.walksByKeyboard = false; }, { capture: true, signal });
    this.root.addEventListener("click", (event) => this.#onClick(event), { signal });
    this.root.addEventListener("mousedown", (event) => this.#onMouseDown(event), { signal });
  }

  #onKey(event) {
    if (event.key === "Tab") this.walksByKeyboard = true;
    if (belongsElsewhere(event, this.host, this.walksByKeyboard)) return;
    const isHelpOpen = !this.view.parts.help.hidden;
    const command = isHelpOpen && event.key === "Escape" ? { name: "help" } : commandOf(event);
    if (!command) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat || (isHelpOpen && command.name !== "help")) return;
    this.#run(command);
  }

  #onClick(event) {
    const button = event.target.closest("[data-command]");
    if (button) this.#run({ name: button.dataset.command, place: Number(button.dataset.place) });
    else if (event.target === this.view.parts.help) this.#run({ name: "help" });
  }

  #onMouseDown(event) {
    // A click leaves no button focused: the space bar would press it again. It does leave a text box.
    if (event.target.closest("button")) {
      event.preventDefault();
      document.activeElement?.blur();
    }
  }

  #run({ name, place }) {
    const card = this.queue.card();
    if (name === "help") this.#toggleHelp();
    else if (name === "undo") this.#undo();
    else if (name === "redo") this.#redo();
    else if (!card) return;
    else if (name === "unfold") this.view.unfold();
    else if (name === "back") this.#look(-1);
    else if (name === "forth") this.#look(1);
    else if (name === "skip") this.#skip(card);
    else this.#decide(card, name, place);
  }

  #decide(card, name, place) {
    if (performance.now() - this.swappedAt < SWAP_GUARD_MS) {
      this.view.confirm("refused", "This example has only just come: press again");
      return;
    }
    if (this.queue.isUnsaved(card.index)) {
      this.view.confirm("refused", "Already decided, still being saved");
      return;
    }
    const chosen = name === "accept" ? card.suggested_label : name === "relabel" ? this.server.classes[place] : null;
    if (chosen === undefined) return; // a key beyond the last class
    if (name === "accept" && (!chosen || chosen === card.given_label)) {
      this.view.confirm("refused", "No other label is suggested here");
      return;
    }
    // Choosing the given label is keeping it.
    const isRelabel = chosen !== null && chosen !== card.given_label;
    const action = isRelabel ? "relabel" : chosen !== null ? "keep" : name;
    const leadTime = Math.min((performance.now() - this.shownAt) / 1000, LONGEST_LEAD_TIME_S);
    this.queue.decide(action, isRelabel ? chosen : null, Number(leadTime.toFixed(3)));
    this.#changed();
    this.view.confirm(action, decisionWords(action, chosen), card.example_id);
  }

  #undo() {
    const undone = this.queue.undo();
    this.#changed();
    this.view.confirm("neutral", undone ? `Undone: ${decisionWords(undone.action, undone.label)}` : "Undo asked for");
  }

  #redo() {
    const again = this.queue.redo();
    this.#changed();
    this.view.confirm(again?.action ?? "neutral", again ? `Redone: ${decisionWords(again.action, again.label)}` : "Redo asked for");
  }

  #skip(card) {
    if (this.queue.skip()) {
      this.#moved();
      this.#askForMore();
      this.view.confirm("neutral", "Skipped, comes back later", card.example_id);
    } else this.view.confirm("refused", "This is the only one at hand");
  }

  /** Skipped cards stay in the server's first ones, so it has to send as many more. */
  #askForMore() {
    const { position, cards, total } = this.server;
    const isMore = position - 1 + cards.length < total;
    if (isMore && this.queue.numFresh() <= FEW_CARDS) this.setStateValue("skipped", this.queue.skipped.length);
  }

  #look(step) {
    if (this.queue.look(step)) this.#moved();
    else this.view.confirm("refused", step < 0 ? "This is the first one at hand" : "This is the last one at hand");
  }

  #toggleHelp() {
    const { help } = this.view.parts;
    help.hidden = !help.hidden;
    if (help.hidden) this.focusBeforeHelp?.focus();
    else {
      this.focusBeforeHelp = this.host.activeElement ?? document.activeElement;
      this.view.parts["help-close"].focus();
    }
  }

  #moved() {
    this.shownAt = performance.now();
    this.#draw();
  }

  #changed() {
    this.#moved();
    this.#schedule();
  }

  #draw() {
    this.view.draw(this.queue, this.server);
    const waiting = this.queue.pending.length;
    if (!waiting) {
      for (const timer of [this.sendTimer, this.resendTimer, this.unsavedTimer]) clearTimeout(timer);
      this.unsavedTimer = null;
      this.view.setUnsaved("");
    } else this.unsavedTimer ??= setTimeout(() => this.#tellUnsaved(), UNSAVED_SHOWN_AFTER_MS);
  }

  #tellUnsaved() {
    this.view.setUnsaved(`${this.queue.pending.length} not saved yet`);
  }

  #schedule() {
    clearTimeout(this.sendTimer);
    const wait = Math.max(SEND_AFTER_MS, this.sentAt + ANSWER_WITHIN_MS - performance.now());
    this.sendTimer = setTimeout(() => this.#send(), wait);
  }

  /** Sends everything that is not acknowledged, and again later if no answer comes. */
  #send() {
    this.sent = new Set(this.queue.pending.map((event) => event.event_id));
    this.sentAt = performance.now();
    // sent_ms makes a repeated state value differ from the one before: Streamlit calls back only on a change.
    this.setStateValue("pending", { sent_ms: Date.now(), events: this.queue.pending });
    clearTimeout(this.resendTimer);
    this.resendTimer = setTimeout(() => {
      this.resendAfter = Math.min(2 * this.resendAfter, RESEND_AT_MOST_MS);
      this.#send();
    }, this.resendAfter);
  }
}

export default function mount({ data, parentElement, setStateValue }) {
  const before = parentElement.laneReviewCard;
  if (before && before.name !== data.name) before.leave(before.calls);
  const card = before?.name === data.name ? before : new ReviewCard(parentElement, data.name);
  parentElement.laneReviewCard = card;
  const call = card.update(data, setStateValue);
  return () => card.leave(call);
}
