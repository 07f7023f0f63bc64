/* The note that a person writes about an example: the words of each, and the box they are written in. */
const KEPT_NOTES = 200;

/** Words written here, kept over a reload. What was never touched is what the server has stored. */
class ReviewNotes {
  constructor(name) {
    this.storageName = `lane-review-notes:${name}`;
    this.written = new Map(); // index -> words, the newest last
    try {
      const pairs = JSON.parse(sessionStorage.getItem(this.storageName) ?? "[]");
      for (const [index, words] of pairs) if (typeof words === "string") this.written.set(index, words);
    } catch {
      this.written.clear();
    }
  }

  of(card) {
    return this.written.get(card.index) ?? card.note ?? "";
  }

  write(index, words) {
    this.written.delete(index);
    this.written.set(index, words);
    if (this.written.size > KEPT_NOTES) this.written.delete(this.written.keys().next().value);
    try {
      sessionStorage.setItem(this.storageName, JSON.stringify([...this.written]));
    } catch {
      // Storage can be full or forbidden: the words in memory are then all there is.
    }
  }
}

class NoteBox {
  constructor(parts, notes, giveFocusBack) {
    this.parts = parts;
    this.notes = notes;
    this.giveFocusBack = giveFocusBack;
    this.card = null;
  }

  get isOpen() {
    return !this.parts["note-box"].hidden;
  }

  /** Shows the words of this example. */
  draw(card) {
    if (this.isOpen && card?.index !== this.card?.index) this.close();
    this.card = card;
    const words = card && !this.isOpen ? this.notes.of(card) : "";
    if (words === this.words) return; // an unfolded one stays so
    this.words = words;
    this.parts["note-line"].hidden = !words;
    this.parts["note-line"].replaceChildren(
      ...(words ? [element("span", "muted", "Note "), foldingText("span", "note-words", words, 160)] : []),
    );
  }

  toggle(longest) {
    if (this.isOpen) {
      this.close();
      return;
    }
    const { note } = this.parts;
    note.maxLength = longest;
    note.value = this.notes.of(this.card);
    this.parts["note-box"].hidden = false;
    this.draw(this.card);
    note.focus();
  }

  /** Keeps the words and gives the focus back. */
  close() {
    this.keep();
    const hadFocus = this.parts.note.matches(":focus");
    this.parts["note-box"].hidden = true;
    this.draw(this.card);
    if (hadFocus) this.giveFocusBack();
  }

  keep() {
    if (this.isOpen && this.parts.note.value !== this.notes.of(this.card)) {
      this.notes.write(this.card.index, this.parts.note.value);
    }
  }

  /** A key that was pressed in the box. */
  onKey(event) {
    if (event.isComposing) return;
    if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) {
      event.preventDefault();
      this.close();
    }
  }
}
