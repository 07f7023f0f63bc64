/* The review card: keys and clicks in, events out. The rest is in the files beside: review_card_queue.js (what is
 * decided), _outbox.js (sending it), _keymap.js and _keys.js (which key means what), _view.js (drawing), and the others
 * that are named after what they draw. review_card.py joins them into one module.
 *
 * Streamlit calls the default export at every rerun with fresh data, so the state lives on the shadow root.
 */
const FEW_CARDS = 5; // left besides the skipped ones: more are asked for
const SWAP_GUARD_MS = 300; // a card that the server swapped in cannot be hit by a key meant for the one before
const LONGEST_LEAD_TIME_S = 86400;
const ONE_CARD_COMMANDS = ["accept", "keep", "relabel", "skip", "flag", "exclude"];

class ReviewCard {
  constructor(host, name) {
    this.host = host;
    this.name = name;
    this.root = host.querySelector("[data-part='root']");
    this.keyMap = new KeyMap();
    this.queue = new ReviewQueue(name);
    this.view = new ReviewView(this.root, this.keyMap);
    this.outbox = new Outbox(this.queue, (words) => this.view.setUnsaved(words));
    this.#makeBoxes(this.view.parts);
    this.firstChoices = new Map(); // index -> label chosen before the suggestion came to light
    this.calls = 0; // never counted anew: a late leave() of an earlier call must not silence this one
    this.shownAt = performance.now();
    this.swappedAt = -Infinity;
    this.walksByKeyboard = false; // the focus was moved with Tab, not with the mouse
  }

  #makeBoxes(parts) {
    const giveFocusBack = () => this.#giveFocusBack();
    this.notes = new ReviewNotes(this.name);
    this.noteBox = new NoteBox(parts, this.notes, giveFocusBack);
    this.finder = new ClassFinder(parts, {
      choose: (place) => this.#run({ name: "relabel", place }), say: (words) => this.view.say(words), giveFocusBack,
    });
    this.keyPanel = new KeyPanel(parts.help, this.keyMap, () => this.view.printKeys());
    this.definitionPanel = new DefinitionPanel(parts["definitions-panel"]);
  }

  /** Takes fresh data from a rerun. Returns the number of the call, to be handed to leave(). */
  update(data, setStateValue) {
    this.server = data;
    this.setStateValue = setStateValue;
    this.outbox.setStateValue = setStateValue;
    const isFirst = !this.listening;
    if (isFirst) this.#listen();
    this.#stayBright();
    const waiting = this.queue.pending.length;
    if (this.queue.receive(data, this.noteBox.isOpen || this.finder.isOpen)) {
      this.shownAt = performance.now();
      if (!isFirst) this.swappedAt = this.shownAt;
    }
    this.outbox.answered(waiting, isFirst);
    this.view.setClasses(data);
    this.#draw();
    this.calls += 1;
    return this.calls;
  }

  /** Unmounted: unless a newer call has come, stop listening. Unsent events wait in sessionStorage. */
  leave(call) {
    if (call !== this.calls || !this.listening) return;
    this.noteBox.keep();
    this.listening.abort();
    this.listening = null;
    this.outbox.stop();
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
    this.root.addEventListener("keydown", (event) => this.#onTyping(event), { signal });
    this.view.parts.note.addEventListener("input", () => this.noteBox.keep(), { signal });
    document.addEventListener("pointerdown", () => { this.walksByKeyboard = false; }, { capture: true, signal });
    this.root.addEventListener("click", (event) => this.#onClick(event), { signal });
    this.root.addEventListener("mousedown", (event) => this.#onMouseDown(event), { signal });
  }

  #onKey(event) {
    if (event.key === "Tab") this.walksByKeyboard = true;
    const panel = this.#openPanel();
    if (panel) {
      this.#onPanelKey(panel, event);
      return;
    }
    // A held Enter would press the focused button again and again.
    if (event.repeat && event.key === "Enter" && event.composedPath().includes(this.root)) event.preventDefault();
    if (belongsElsewhere(event, this.host, this.walksByKeyboard)) return;
    const command = commandOf(event, this.keyMap, this.server.classes.length);
    if (!command) return;
    event.preventDefault();
    event.stopPropagation();
    if (!event.repeat) this.#run(command);
  }

  #openPanel() {
    return [this.keyPanel, this.definitionPanel].find((panel) => panel.isOpen);
  }

  #onPanelKey(panel, event) {
    event.stopPropagation();
    // Enter and the like press the buttons of the panel, whatever else they mean.
    const isFree = !panel.waitsFor && !NATIVE_KEY.test(event.key);
    const isOwn = isFree && commandOf(event, this.keyMap, 0)?.name === panel.command;
    if (isOwn && !event.repeat) panel.close();
    else if (!isOwn) panel.onKey(event);
  }

  /** A key in one of the card's own text boxes: nothing else on the page hears it. */
  #onTyping(event) {
    const box = { note: this.noteBox, "finder-input": this.finder }[event.target.dataset.part];
    if (!box) return;
    event.stopPropagation();
    box.onKey(event);
  }

  #onClick(event) {
    const button = event.target.closest("[data-command]");
    if (!button) return;
    const { command: name, place } = button.dataset;
    const isSecondOfTwo = event.detail > 1 && ONE_CARD_COMMANDS.includes(name); // of a double click
    if (!isSecondOfTwo) this.#run({ name, place: Number(place) });
  }

  #onMouseDown(event) {
    // A click leaves no button focused: the space bar would press it again. It does leave a text box.
    if (event.target.closest("button")) {
      event.preventDefault();
      (this.host.activeElement ?? document.activeElement)?.blur();
    }
  }

  #run({ name, place }) {
    const card = this.queue.card();
    if (name === "help") this.keyPanel.show(this.server.classes.length);
    else if (name === "definitions") this.#showDefinitions(card);
    else if (name === "undo") this.#undo();
    else if (name === "redo") this.#redo();
    else if (!card) return;
    else if (name === "unfold") this.view.unfold();
    else if (name === "ranks") this.view.evidence.drawProbabilities(card);
    else if (name === "duplicates") this.view.evidence.drawDuplicates(card, Infinity);
    else if (name === "note") this.#openBox(() => this.noteBox.toggle(this.server.note_characters));
    else if (name === "find") this.#openBox(() => this.finder.open(this.server.classes, this.view.classes.hidden));
    else if (name === "back") this.#look(-1);
    else if (name === "forth") this.#look(1);
    else if (name === "skip") this.#skip(card);
    else this.#decide(card, name, place);
  }

  #decide(card, name, place) {
    const suggested = suggestionOf(card, this.server);
    const chosen = { accept: suggested, keep: card.given_label, relabel: this.server.classes[place] }[name] ?? null;
    const refusal = this.#refusal(card, name, chosen);
    if (refusal) this.view.confirm("refused", refusal);
    if (refusal || (name === "relabel" && chosen === null)) return; // a key beyond the last class
    if (this.#isBlind(card) && chosen !== null && suggested && chosen !== suggested) {
      this.#reveal(card, chosen);
      return;
    }
    // Choosing the given label is keeping it.
    const action = chosen === null ? name : chosen === card.given_label ? "keep" : "relabel";
    const leadTime = Math.min((performance.now() - this.shownAt) / 1000, LONGEST_LEAD_TIME_S);
    this.noteBox.keep();
    this.queue.decide(action, action === "relabel" ? chosen : null, {
      lead_time_s: Number(leadTime.toFixed(3)), note: this.notes.of(card), is_settling: this.server.is_settling,
    });
    this.#changed();
    this.view.confirm(action, decisionWords(action, chosen), card.example_id);
  }

  /** Why this cannot be decided now, or "". */
  #refusal(card, name, chosen) {
    if (performance.now() - this.swappedAt < SWAP_GUARD_MS) return "This example has only just come: press again";
    if (this.queue.isUnsaved(card.index)) return "Already decided, still being saved";
    if (name === "accept" && this.#isBlind(card)) return "Choose a label first: the suggestion comes after";
    if (name === "accept" && !chosen) return "No other label is suggested here";
    if (name === "relabel" && this.server.hidden.includes(chosen)) return `${clipped(chosen)} was merged into another class`;
    return "";
  }

  /** True until a first label is chosen on the card, where the suggestion is to be hidden so long. */
  #isBlind(card) {
    return this.server.is_blind && !this.firstChoices.has(card.index) && !this.queue.decisionOn(card.index);
  }

  #reveal(card, chosen) {
    this.firstChoices.set(card.index, chosen);
    this.#draw();
    this.view.say(this.view.parts.revealed.textContent);
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

  #showDefinitions(card) {
    const { guidelines } = this.server;
    if (!Object.keys(guidelines).length) {
      this.view.confirm("refused", "No class has a definition yet");
      return;
    }
    const suggested = card && !this.#isBlind(card) ? suggestionOf(card, this.server) : "";
    const first = card ? [[card.given_label, "given"], [suggested, "suggested"]].filter(([name]) => name) : [];
    this.definitionPanel.show(this.server, first);
  }

  #openBox(open) {
    const focused = this.host.activeElement;
    this.focusBefore = focused?.matches("button") ? focused : this.root;
    open();
  }

  #giveFocusBack() {
    this.focusBefore.focus({ preventScroll: true });
  }

  #moved() {
    this.shownAt = performance.now();
    this.#draw();
  }

  #changed() {
    this.#moved();
    this.outbox.schedule();
  }

  #draw() {
    const card = this.queue.card();
    const isBlind = Boolean(card) && this.#isBlind(card);
    const isOpen = Boolean(card) && this.server.is_blind && !this.queue.decisionOn(card.index);
    this.view.draw(this.queue, this.server, { isBlind, choice: isOpen ? this.firstChoices.get(card.index) ?? "" : "" });
    this.noteBox.draw(card);
    this.outbox.watch();
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
