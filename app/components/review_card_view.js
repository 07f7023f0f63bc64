/* Drawing: fills the markup of review_card.html. */
const FOLD_AT = 700; // characters of a text that are shown before "Show all"
const FOLD_OPINION_AT = 160;
const FLASH_MS = 150;
const SEVERITIES = ["near", "some way", "far"];

class ReviewView {
  constructor(root, keyMap) {
    this.root = root;
    this.keyMap = keyMap;
    this.parts = {};
    for (const node of root.querySelectorAll("[data-part]")) this.parts[node.dataset.part] = node;
    this.classes = new ClassButtons(this.parts.classes);
    this.evidence = new EvidenceView(this.parts);
    this.shown = null; // the card whose text and evidence are drawn
    this.isUnfolded = false;
    this.printKeys();
  }

  setClasses(server) {
    this.parts["definitions-button"].hidden = !Object.keys(server.guidelines).length;
    if (this.classes.set(server)) this.shown = null;
  }

  /** Writes the keys in force on the buttons. */
  printKeys() {
    for (const node of this.root.querySelectorAll("kbd[data-keys]")) {
      const command = node.dataset.keys;
      node.textContent = this.keyMap.printed(command)[0];
      node.closest("button").setAttribute("aria-keyshortcuts", this.keyMap.shortcuts(command));
    }
  }

  /**
   * Draws the queue's current state. `server` is the newest data from the server; `isBlind` hides what the model
   * thinks; `choice` is the label that was chosen before the suggestion came to light ("" = none).
   */
  draw(queue, server, { isBlind, choice }) {
    const card = queue.card();
    this.#drawTop(queue, server, card);
    this.parts.columns.hidden = !card;
    this.parts.empty.hidden = Boolean(card);
    if (!card) {
      this.#drawEmpty(queue, server);
      this.shown = null;
      return;
    }
    this.#drawStatus(card, queue.decisionOn(card.index));
    const stage = `${isBlind} ${choice}`;
    if (card === this.shown && stage === this.stage) return;
    if (card.index !== this.shown?.index) this.isUnfolded = false;
    this.shown = card;
    this.stage = stage;
    this.#drawText(card);
    this.#drawLabels(card, { suggested: isBlind ? "" : suggestionOf(card, server), choice, isBlind });
    this.#drawOpinions(card);
    this.evidence.drawDuplicates(card);
    this.parts.evidence.hidden = isBlind;
    if (isBlind) this.evidence.clear();
    else this.evidence.draw(card);
  }

  unfold() {
    this.isUnfolded = true;
    this.#drawText(this.shown);
  }

  /** Confirms for a moment, above the text where the eye is, and tells screen readers. */
  confirm(kind, words, exampleId) {
    const { flash } = this.parts;
    this.say(exampleId ? `${words}, example ${clipped(exampleId)}` : words);
    flash.textContent = words;
    flash.className = `flash tag ${kind}`;
    clearTimeout(this.flashTimer);
    this.flashing?.cancel();
    // A refusal has to be read; a confirmation only to be seen.
    const stay = kind === "refused" ? 10 * FLASH_MS : FLASH_MS;
    this.flashTimer = setTimeout(() => { flash.className = "flash"; }, stay + FLASH_MS);
    this.flashing = flash.animate([{ opacity: 1 }, { opacity: 1, offset: stay / (stay + FLASH_MS) }, { opacity: 0 }], stay + FLASH_MS);
  }

  /** Tells screen readers. */
  say(words) {
    this.parts.spoken.textContent = words;
  }

  /** Says that decisions wait to be stored ("" hides it). */
  setUnsaved(words) {
    this.parts.unsaved.hidden = !words;
    this.parts.unsaved.textContent = words;
  }

  #drawTop(queue, server, card) {
    const { place, pace, track, fill, error } = this.parts;
    const unsaved = queue.unsavedCount();
    const done = Math.max(0, server.done + unsaved);
    const position = Math.min(server.total, Math.max(1, server.position + queue.rank()));
    place.replaceChildren(
      ...(card ? [element("strong", "", counted(position)), ` of ${counted(server.total)}`] : []),
      element("span", "muted", `${card ? " · " : ""}${counted(done)} decided`),
    );
    const { reviewed_today: today, median_seconds: median } = server;
    pace.textContent = [
      today === null ? "" : `${counted(Math.max(0, today + unsaved))} today`,
      median === null ? "" : `${median.toFixed(1)} s each, median`,
    ].filter(Boolean).join(" · ");
    track.setAttribute("aria-valuemax", server.total);
    track.setAttribute("aria-valuenow", Math.min(done, server.total));
    fill.style.width = `${server.total ? Math.min(100, (100 * done) / server.total) : 0}%`;
    error.hidden = !server.error;
    error.textContent = server.error ?? "";
  }

  #drawEmpty(queue, server) {
    const waits = queue.pending.length > 0;
    const done = Math.max(0, server.done + queue.unsavedCount());
    this.parts["empty-title"].textContent = waits ? "Fetching the next examples" : server.nothing_left;
    const undoable = `${counted(done)} decided. Undo brings the last one back.`;
    this.parts["empty-detail"].textContent = waits ? "Your decisions are being saved." : done ? undoable : "";
  }

  #drawStatus(card, decision) {
    const { status } = this.parts;
    const action = decision?.action ?? card.status;
    status.className = `tag ${action}`;
    status.textContent = action ? decisionWords(action, decision ? decision.label : card.current_label) : "";
    status.hidden = !action;
    this.parts["example-id"].replaceChildren(nameNode(card.example_id), card.split_words ? ` · ${card.split_words}` : "");
  }

  #drawText(card) {
    const { text, unfold } = this.parts;
    const isLong = card.text.length > FOLD_AT && !this.isUnfolded;
    text.textContent = isLong ? folded(card.text, FOLD_AT) : card.text || "(no text)";
    text.classList.toggle("muted", !card.text);
    unfold.hidden = !isLong;
    unfold.textContent = isLong ? `Show all ${counted(card.text.length)} characters` : "";
  }

  /** `suggested` and `choice` are "" where there is none. */
  #drawLabels(card, { suggested, choice, isBlind }) {
    const { parts } = this;
    parts.given.replaceChildren(nameNode(card.given_label));
    parts["given-chip"].title = isBlind ? "" : card.score_words;
    parts.suggested.replaceChildren(nameNode(suggested));
    const share = card.suggested_probability === null ? "" : percent(card.suggested_probability);
    parts.probability.textContent = suggested ? share : "";
    for (const name of ["arrow", "suggested-chip", "severity-box"]) parts[name].hidden = !suggested;
    parts.accept.hidden = isBlind;
    parts.accept.disabled = !suggested;
    parts.columns.classList.toggle("agreed", !suggested);
    parts.severity.textContent = suggested ? card.severity : "";
    parts["severity-box"].dataset.level = suggested ? SEVERITIES.indexOf(card.severity) + 1 : 0;
    parts["severity-box"].title = suggested ? `In this run ${card.similarity_words}` : "";
    parts.reason.textContent = isBlind ? "" : card.reason;
    parts.reason.hidden = isBlind || !card.reason;
    parts.revealed.hidden = !choice;
    parts.revealed.replaceChildren(...(choice ? [
      "The model suggests ", nameNode(suggested, "revealed-name"),
      `${share ? ` (${share})` : ""}. Choose again: the same to stay, another to change.`,
    ] : []));
    this.classes.mark(card.given_label, suggested, choice);
  }

  #drawOpinions(card) {
    this.parts["opinions-box"].hidden = !card.opinions.length;
    this.parts.opinions.replaceChildren(...card.opinions.map(({ annotator, words, note }) => {
      const row = element("li");
      row.append(nameNode(annotator, "opinion-name"), " ", nameNode(words));
      if (note) row.append(" ", foldingText("span", "muted opinion-note", note, FOLD_OPINION_AT));
      return row;
    }));
  }
}

/** The label to suggest; "" where there is none besides the given one, or nobody can choose it any more. */
function suggestionOf(card, { hidden }) {
  const { suggested_label: suggested, given_label: given } = card;
  return suggested !== given && !hidden.includes(suggested) ? suggested : "";
}
