/* The evidence about one example: what the model holds likely, its margins, its neighbours, its duplicates. */
const SHOWN_PROBABILITIES = 5;
const SHOWN_DUPLICATES = 4;
const SHORT_NAME = 40; // characters: many stand in one line

class EvidenceView {
  constructor(parts) {
    this.parts = parts;
  }

  draw(card) {
    this.#drawChart(card);
    this.#drawNeighbours(card);
    this.drawProbabilities(card, SHOWN_PROBABILITIES);
  }

  /** Leaves nothing behind that gives the suggestion away. */
  clear() {
    for (const name of ["chart", "ranks", "neighbours"]) this.parts[name].replaceChildren();
    for (const name of ["chart", "mean-name"]) this.parts[name].title = "";
    this.parts["mean-name"].textContent = "";
  }

  drawProbabilities(card, most = Infinity) {
    const { probabilities, num_probabilities: total } = card;
    this.parts["ranks-box"].hidden = !probabilities.length;
    this.parts.ranks.replaceChildren(...probabilities.slice(0, most).map(([name, share]) => {
      const row = element("li", name === card.given_label ? "given" : name === card.suggested_label ? "suggested" : "");
      const word = row.className ? ` ${row.className}` : "";
      const words = element("span", "rank-words");
      words.append(nameNode(name), element("span", "rank-mark small", word));
      const bar = element("i", "rank-bar");
      bar.style.width = `${100 * Math.min(1, share ?? 0)}%`;
      row.append(words, element("span", "rank-number", share === null ? "" : percent(share)), bar);
      return row;
    }));
    const more = this.parts["ranks-more"];
    more.hidden = probabilities.length <= most || probabilities.length <= SHOWN_PROBABILITIES;
    const sent = probabilities.length;
    more.textContent = sent < total ? `Show the first ${sent} of ${counted(total)}` : `Show all ${total}`;
  }

  drawDuplicates(card, most = SHOWN_DUPLICATES) {
    const line = this.parts.duplicates;
    const total = card.num_duplicates;
    line.hidden = !total;
    if (!total) {
      line.replaceChildren();
      return;
    }
    const shown = card.duplicates.slice(0, most);
    line.replaceChildren(`${total === 1 ? "1 other has" : `${counted(total)} others have`} the same text: `);
    shown.forEach((other, place) => {
      const entry = element("span", other.differs ? "duplicate other" : "duplicate");
      entry.append(nameNode(other.example_id, "", SHORT_NAME), " ", nameNode(other.label, "", SHORT_NAME));
      if (other.differs) {
        const sign = element("span", "", " ≠");
        sign.title = "Another label than here";
        sign.append(element("span", "spoken", " another label than here"));
        entry.append(sign);
      }
      line.append(place ? ", " : "", entry);
    });
    const left = total - shown.length;
    if (!left) return;
    if (most === SHOWN_DUPLICATES) line.append(" ", commandButton("duplicates", "quiet unfold", `and ${counted(left)} more`));
    else line.append(` and ${counted(left)} more`);
  }

  #drawChart(card) {
    const { parts } = this;
    const chart = marginChart(card.margins, card.class_mean_margins);
    parts.chart.replaceChildren(chart ?? element("p", "muted small", "No epoch is finished yet."));
    parts.chart.title = `${card.score_words}, weight in training ${hundredths(card.weight)}`;
    const given = clipped(card.given_label);
    parts["mean-name"].textContent = `mean ALM of ${given}`;
    parts["mean-name"].title = `Margins averaged over the epochs so far, mean of all examples labelled ${given}`;
  }

  #drawNeighbours(card) {
    const rows = card.neighbours.map((neighbour) => {
      const row = element("li");
      row.title = `Cosine ${hundredths(neighbour.cosine)}`;
      const text = element("p", "neighbour-text", neighbour.text);
      text.dir = "auto";
      const label = element("p", "neighbour-label small");
      label.append(nameNode(neighbour.label));
      if (neighbour.differs) label.append(element("span", "other", "≠ other label"));
      row.append(text, label);
      return row;
    });
    this.parts.neighbours.replaceChildren(...(rows.length ? rows : [element("li", "muted small", "None known for this run.")]));
  }
}
