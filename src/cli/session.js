// One run of the command: results are taken from the run, counted, told and written down, until the list has ended or somebody
// stops it.

'use strict';

const { canDraw } = require('./bar.js');
const { FORMATS } = require('./formats.js');
const { removeJournal } = require('./journal.js');
const { Output } = require('./output.js');
const { Progress } = require('./progress.js');
const { recordOf } = require('./record.js');
const { onSignals } = require('./signals.js');
const { summaryOf } = require('./summary.js');
const { Tally } = require('./tally.js');

const EXIT_FAILED = 1;
/** As for a command that a closed pipe has ended (SIGPIPE). */
const EXIT_UNREAD = 141;

class Session {
  #run;
  #list;
  #work;
  #flags;
  #failures;
  #screen;
  #output;
  #tally = new Tally();
  /** The exit code, where a signal has ended the run. */
  #interruption;

  constructor({ run, list, work, flags, failures, screen }) {
    this.#run = run;
    this.#list = list;
    this.#work = work;
    this.#flags = flags;
    this.#failures = failures;
    this.#screen = screen;
    this.#output = new Output(process.stdout, {
      print: (text) => screen.print(text),
      onFailure: () => run.return(),
    });
  }

  /** Takes all results. Resolves with the exit code; rejects where the run rejects before there is one. */
  async finish({ journal }) {
    this.#listen();
    if (this.#isWatched) this.#showBar();
    const problem = await this.#deliver();
    await this.#output.end();
    this.#screen.clear();
    if (this.#output.failure?.code === 'EPIPE') return EXIT_UNREAD;
    await this.#writeRest();
    const isAllDone = this.#isAllDone && problem === undefined;
    if (journal !== undefined && isAllDone) removeJournal(journal);
    this.#conclude(problem);
    return this.#interruption ?? (isAllDone ? 0 : EXIT_FAILED);
  }

  #listen() {
    onSignals(
      (code) => {
        this.#interruption = code;
        this.#run.stop();
        const { inFlight } = this.#run.stats;
        this.#screen.tell(`stopping after the ${inFlight} in flight; once more stops at once`);
      },
      (code) => {
        this.#screen.clear();
        process.exit(code);
      },
    );
  }

  get #isWatched() {
    const { progress, quiet } = this.#flags;
    return progress !== false && !quiet && canDraw(process.stderr, process.env);
  }

  #showBar() {
    const progress = new Progress(this.#tally, this.#list.extent, () => this.#run.stats);
    this.#screen.show((width) => progress.lines(width));
  }

  /** Resolves with what ended the run in its middle, if something did. */
  async #deliver() {
    const { head, line } = FORMATS[this.#flags.format ?? 'text'];
    const style = { isColoured: hasColours(process.stdout, process.env) };
    const begin = async () => head !== undefined && this.#output.write(head);
    try {
      for await (const result of this.#run) {
        const entry = result.tag;
        if (!this.#work.settle(entry, result)) continue;
        if (this.#tally.done === 0) await begin();
        await this.#output.write(line(this.#note(result, entry), style));
      }
      if (this.#tally.done === 0) await begin();
    } catch (error) {
      if (this.#tally.done === 0) throw error;
      return error;
    }
  }

  /** Counts a result, and gives its record. */
  #note(result, entry) {
    const record = recordOf(result, entry, { hasBody: this.#flags.body });
    this.#tally.add(record);
    if (!record.ok) this.#failures?.add(entry);
    return record;
  }

  /** What the run was stopped before, so that the file has all that is left. */
  async #writeRest() {
    if (this.#interruption === undefined || this.#failures === undefined) return;
    for await (const entry of this.#work.rest({ isWhole: this.#list.isBounded })) {
      this.#failures.add(entry);
    }
  }

  get #isAllDone() {
    const isWhole = this.#interruption === undefined && this.#work.failure === undefined;
    return isWhole && this.#tally.failed === 0 && this.#output.failure === undefined;
  }

  /** Tells how it went. */
  #conclude(problem) {
    const problems = { 'the run broke off': problem };
    problems['the list ends early'] = this.#work.failure;
    problems['results cannot be written'] = this.#output.failure;
    for (const [what, error] of Object.entries(problems)) {
      if (error) this.#screen.tell(`manyfetch: ${what}: ${error.message}`);
    }
    if (this.#flags.quiet) return;
    const { total, isExact } = this.#list.extent;
    const left = this.#interruption !== undefined && isExact ? total - this.#tally.done : 0;
    const [tally, failures, file] = [this.#tally, this.#failures, this.#flags.failed];
    const lines = summaryOf({ tally, stats: this.#run.stats, left, failures, file });
    for (const line of lines) this.#screen.tell(line);
  }
}

function hasColours(stream, env) {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

module.exports = { Session };
