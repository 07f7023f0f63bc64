/* Sends decisions until they are stored. */
const SEND_AFTER_MS = 30; // after the last key: a burst is one rerun
const ANSWER_WITHIN_MS = 1000; // a send before the answer to the last one would cut that rerun short, cards and all
const RESEND_AFTER_MS = 2000; // doubled at each try
const RESEND_AT_MOST_MS = 15000;
const UNSAVED_SHOWN_AFTER_MS = 3000;

class Outbox {
  /** `tellUnsaved` is called with what to say about decisions that wait ("" when none does). */
  constructor(queue, tellUnsaved) {
    this.queue = queue;
    this.tellUnsaved = tellUnsaved;
    this.sent = new Set(); // ids of the last send
    this.sentAt = -Infinity;
    this.resendAfter = RESEND_AFTER_MS;
  }

  /** The server has answered. `waiting` events were pending before. */
  answered(waiting, isFirstCall) {
    if (this.queue.pending.length < waiting) this.resendAfter = RESEND_AFTER_MS;
    this.sentAt = -Infinity;
    const hasUnsent = this.queue.pending.some((event) => !this.sent.has(event.event_id));
    if (hasUnsent || (isFirstCall && this.queue.pending.length)) this.schedule();
  }

  schedule() {
    clearTimeout(this.sendTimer);
    const wait = Math.max(SEND_AFTER_MS, this.sentAt + ANSWER_WITHIN_MS - performance.now());
    this.sendTimer = setTimeout(() => this.#send(), wait);
  }

  /** Stops the timers when nothing waits, and says so when something has waited for long. */
  watch() {
    if (!this.queue.pending.length) {
      this.stop();
      this.unsavedTimer = null;
      this.tellUnsaved("");
    } else {
      const tell = () => this.tellUnsaved(`${this.queue.pending.length} not saved yet`);
      this.unsavedTimer ??= setTimeout(tell, UNSAVED_SHOWN_AFTER_MS);
    }
  }

  stop() {
    for (const timer of [this.sendTimer, this.resendTimer, this.unsavedTimer]) clearTimeout(timer);
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
