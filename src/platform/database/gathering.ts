interface Waiting<Question, Answer> {
  question: Question;
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
}

/** A statement's size has a bound, and so has what one that fails takes with it. */
const MAX_TOGETHER = 100;

/** What fails so late, in milliseconds, fails because the database is away: whoever waits behind it would wait as long again. */
const OUTAGE_MS = 500;

/**
 * Asks as one what many requests ask the database at the same time: while one statement is on its way, the next one's questions
 * gather. A round trip and a durable commit cost the same for one row and for fifty.
 */
export class Gathering<Question, Answer> {
  private waiting: Waiting<Question, Answer>[] = [];
  private isBusy = false;

  /** `askTogether`: the answers, in the order of their questions. */
  constructor(private readonly askTogether: (questions: Question[]) => Promise<Answer[]>) {}

  /** @throws what the statement throws, with all who share it, or who waited behind it for long */
  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ question, resolve, reject });
      if (this.isBusy) return;
      this.isBusy = true;
      // After everything that the sockets brought in this round of the event loop.
      setImmediate(() => void this.work());
    });
  }

  private async work(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_TOGETHER);
      const begun = performance.now();
      try {
        const answers = await this.askTogether(batch.map(({ question }) => question));
        batch.forEach(({ resolve }, i) => resolve(answers[i] as Answer));
      } catch (error) {
        const isAway = performance.now() - begun > OUTAGE_MS;
        for (const { reject } of isAway ? batch.concat(this.waiting.splice(0)) : batch) reject(error);
      }
    }
    this.isBusy = false;
  }
}
