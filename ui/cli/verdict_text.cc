#include "ui/cli/verdict_text.h"

#include <algorithm>
#include <set>
#include <utility>

#include "ui/cli/frames.h"
#include "ui/cli/phrases.h"
#include "ui/cli/terminal.h"

namespace logboom::ui::cli {
namespace {

constexpr std::string_view kReset = "\x1b[0m", kDim = "\x1b[2m", kBold = "\x1b[1m";
constexpr std::string_view kDot = " \xc2\xb7 ", kBest = "\xe2\x96\xb6 ", kEllipsis = "\xe2\x80\xa6";
constexpr std::size_t kNameColumns = 14;  // of the facts' names
constexpr std::size_t kBestLines = 4;     // cited lines that are marked; all are in -o json
constexpr std::size_t kLeastWidth = 30;
constexpr std::size_t kQuotedColumns = 120;  // of a line in a sentence

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const auto& part : parts) {
    if (part.empty()) continue;
    if (!out.empty()) out += separator;
    out += part;
  }
  return out;
}

class Page {
 public:
  Page(std::ostream& out, const VerdictInfo& verdict, const RunInfo* run,
       const VerdictOptions& options)
      : out_(out), verdict_(verdict), run_(run), options_(options) {
    for (std::size_t i = 0; i < std::min(kBestLines, verdict.lines.size()); ++i) {
      cited_.insert(verdict.lines[i].number);
    }
    // A frame that is cited beside the best line may be folded with its neighbours.
    if (!verdict.lines.empty()) kept_.insert(verdict.lines[0].number);
    arrange();
  }

  void print() {
    title();
    facts();
    // Where the log's own order does not show the best line, it comes first.
    const bool best_in_block = !verdict_.lines.empty() && has(block_, verdict_.lines[0].number);
    if (!best_in_block) best_lines();
    block();
    if (best_in_block) elsewhere();
    proof();
    next();
  }

 private:
  [[nodiscard]] static bool has(const std::vector<NumberedLine>& lines, std::uint32_t number) {
    return std::ranges::find(lines, number, &NumberedLine::number) != lines.end();
  }

  // Both parts in the log's order: a cited line next to the block belongs to it.
  void arrange() {
    block_ = verdict_.context;
    if (block_.empty()) return;
    for (std::size_t i = 0; i < std::min(kBestLines, verdict_.lines.size()); ++i) {
      if (!has(block_, verdict_.lines[i].number)) elsewhere_.push_back(verdict_.lines[i]);
    }
    const auto joins = [&](const NumberedLine& line) {
      if (!has(block_, line.number - 1) && !has(block_, line.number + 1)) return false;
      block_.push_back(line);
      return true;
    };
    // One that has joined may be the neighbour of another.
    while (std::erase_if(elsewhere_, joins) > 0) {
    }
    std::ranges::sort(block_, {}, &NumberedLine::number);
    std::ranges::sort(elsewhere_, {}, &NumberedLine::number);
  }

  // Neither the exit code of the log's command nor anything in it says that it failed.
  [[nodiscard]] bool unproven() const {
    return !options_.file.empty() && !options_.exit_known && verdict_.outcome == "failed" &&
           verdict_.cause == "unknown";
  }

  [[nodiscard]] std::string paint(std::string_view colour, std::string_view text) const {
    if (!options_.colour || colour.empty()) return std::string(text);
    return std::string(colour).append(text).append(kReset);
  }

  // The text after `head`, broken where the terminal ends, the rest under its start.
  void write(std::string_view head, std::size_t head_columns, std::string_view text,
             std::string_view colour = {}) {
    out_ << head;
    if (options_.width == 0) {
      out_ << paint(colour, text) << "\n";
      return;
    }
    const auto room = std::max(options_.width, head_columns + kLeastWidth) - head_columns;
    bool first = true;
    for (const auto& line : wrapped(text, room)) {
      if (!first) out_ << std::string(head_columns, ' ');
      first = false;
      out_ << paint(colour, line) << "\n";
    }
  }

  void heading(std::string_view text) { out_ << "\n" << paint(kBold, text) << "\n"; }

  void fact(std::string_view name, std::string_view text) {
    if (text.empty()) return;
    write(paint(kDim, padded(name, kNameColumns)), kNameColumns, printable(text));
  }

  [[nodiscard]] std::string subject() const {
    if (!options_.file.empty()) return options_.file == "-" ? "This log" : options_.file;
    const bool foreign = !verdict_.tool.empty() && verdict_.tool != options_.tool;
    if (verdict_.job.empty()) return "Run " + verdict_.run;
    return (foreign ? verdict_.tool + "/" : "") + verdict_.job;
  }

  void title() {
    const auto look = look_of(unproven() ? "unknown" : verdict_.outcome);
    auto says = " " + verdict_.outcome, headline = verdict_.headline;
    if (unproven()) {
      says = options_.file_empty ? " is empty: no lines" : " may be fine";
      headline = options_.file_empty ? "" : "Nothing here proves a failure";
      if (!verdict_.lines.empty()) {
        headline += "; the likeliest line: " + clipped(verdict_.lines[0].text, kQuotedColumns);
      }
    }
    out_ << paint(look.colour, look.sign) << " " << paint(kBold, printable(subject() + says))
         << "\n";
    if (!headline.empty()) write("  ", 2, printable(headline), look.colour);
    if (!unproven()) out_ << "\n";  // facts follow
  }

  [[nodiscard]] std::string at(std::int64_t time_ns) const {
    return time_ns == 0 ? "" : format_when(time_ns, TimeStyle::clock, options_.now, options_.zone);
  }

  void facts() {
    if (!verdict_.run.empty()) {
      std::vector<std::string> parts = {verdict_.run};
      if (run_) {
        parts.push_back(at(run_->started_ns));
        if (run_->wall_ms >= 0) parts.push_back("took " + duration_words(run_->wall_ms));
        parts.push_back(ending_words(*run_));
        // `command` is somebody who typed `logs run`.
        if (!run_->trigger.empty() && run_->trigger != "command") {
          parts.push_back("by " + run_->trigger);
        }
      }
      fact("Run", joined(parts, kDot));
    }
    if (run_ && !run_->command.empty()) fact("Command", run_->command);
    if (!verdict_.cause.empty() && !unproven()) fact("Cause", cause_words());
    for (const auto& [name, value] : verdict_.slots) fact("  " + name, value);
    fact("Failing", history_words());
    if (run_) fact("Took", resource_words(*run_));
    if (!verdict_.complete) {
      fact("Incomplete", "some lines of the run had not arrived; `logs why` again with --refresh");
    }
  }

  [[nodiscard]] std::string cause_words() const {
    if (verdict_.cause == "unknown") {
      if (!verdict_.lines.empty()) {
        return "unknown: nothing proves one; these lines are the most telling";
      }
      if (options_.file_empty) return "unknown: the log is empty";
      return run_ && run_->lines == 0 ? "unknown: it wrote no lines"
                                      : "unknown: nothing proves one";
    }
    return verdict_.cause + ", " + std::string(confidence_words(verdict_.confidence)) + " (" +
           std::to_string(verdict_.confidence) + " %)";
  }

  // Its time, and its id to ask on with.
  [[nodiscard]] std::string named(const RunRef& run) const {
    return run.started_ns == 0 ? "run " + run.id : at(run.started_ns) + " (run " + run.id + ")";
  }

  [[nodiscard]] std::string history_words() const {
    std::vector<std::string> parts;
    const auto& since_run = verdict_.failing_since;
    if (!since_run.id.empty()) {
      auto since = "since " + (since_run.id == verdict_.run ? "this run" : named(since_run));
      if (verdict_.failures > 1) since += ", " + std::to_string(verdict_.failures) + " in a row";
      parts.push_back(since);
    }
    if (!verdict_.last_good.id.empty()) parts.push_back("last good " + named(verdict_.last_good));
    const auto& first = verdict_.first_seen.id;
    if (!first.empty() && first != verdict_.run && first != since_run.id) {
      parts.push_back("first seen " + named(verdict_.first_seen));
    }
    return joined(parts, kDot);
  }

  [[nodiscard]] static std::string resource_words(const RunInfo& run) {
    std::vector<std::string> parts;
    if (run.cpu_ms >= 0) parts.push_back("CPU " + duration_words(run.cpu_ms));
    if (run.peak_bytes >= 0) {
      auto memory = "memory " + size_words(run.peak_bytes);
      if (run.memory_limit_bytes > 0) memory += " of " + size_words(run.memory_limit_bytes);
      parts.push_back(memory);
    }
    if (run.read_bytes > 0) parts.push_back("read " + size_words(run.read_bytes));
    if (run.written_bytes > 0) parts.push_back("written " + size_words(run.written_bytes));
    if (run.lines >= 0) {
      parts.push_back(std::to_string(run.lines) + (run.lines == 1 ? " line" : " lines"));
    }
    if (run.lost_bytes > 0) parts.push_back(size_words(run.lost_bytes) + " of output not kept");
    return joined(parts, kDot);
  }

  [[nodiscard]] std::size_t number_columns() const {
    std::uint32_t most = 0;
    for (const auto& line : verdict_.lines) most = std::max(most, line.number);
    for (const auto& line : verdict_.context) most = std::max(most, line.number);
    return std::to_string(most).size();
  }

  void numbered(const NumberedLine& line, std::string_view colour) {
    const auto digits = number_columns();
    auto number = std::to_string(line.number);
    number.insert(0, digits - std::min(digits, number.size()), ' ');
    const bool best = !verdict_.lines.empty() && verdict_.lines[0].number == line.number;
    const auto head =
        "  " + (best ? paint(look_of(verdict_.outcome).colour, kBest) : "  ") + paint(kDim, number);
    write(head + "  ", digits + 6, printable(line.text), colour);
  }

  // Of the best ones those that the block does not show anyway.
  void best_lines() {
    bool first = true;
    for (std::size_t i = 0; i < std::min(kBestLines, verdict_.lines.size()); ++i) {
      if (has(block_, verdict_.lines[i].number)) continue;
      if (std::exchange(first, false)) heading("Lines that say it, best first");
      numbered(verdict_.lines[i], "");
    }
  }

  // A sign where lines are left out between two.
  void gap(std::uint32_t last, std::uint32_t next) {
    if (last == 0 || next == last + 1) return;
    out_ << paint(kDim, "    " + std::string(kEllipsis)) << "\n";
  }

  void elsewhere() {
    if (elsewhere_.empty()) return;
    heading("Elsewhere in the log");
    std::uint32_t last = 0;
    for (const auto& line : elsewhere_) {
      gap(std::exchange(last, line.number), line.number);
      numbered(line, "");
    }
  }

  void block() {
    if (block_.empty()) return;
    heading("What the log says");
    std::uint32_t last = 0;
    for (const auto& fold : fold_frames(block_, kept_)) {
      const auto& line = block_[fold.first];
      gap(last, line.number);
      last = line.number + static_cast<std::uint32_t>(fold.count) - 1;
      if (!fold.folded) {
        numbered(line, cited_.contains(line.number) ? kBold : "");
        continue;
      }
      out_ << paint(kDim, "    " + std::string(number_columns(), ' ') + "  " +
                              std::string(kEllipsis) + " " + std::to_string(fold.count) +
                              " lines of library frames (" + std::to_string(line.number) + "-" +
                              std::to_string(last) + ")")
           << "\n";
    }
  }

  void proof() {
    if (verdict_.evidence.empty()) return;
    heading("Why we think so");
    for (const auto& evidence : verdict_.evidence) {
      auto text = printable(evidence.text);
      if (evidence.line != 0) text += " (line " + std::to_string(evidence.line) + ")";
      write("  - ", 4, text);
    }
  }

  void next() {
    if (verdict_.run.empty() || verdict_.job.empty()) return;
    const auto job = printable(subject());
    const bool foreign = job.size() > verdict_.job.size();
    const auto tool = foreign ? " --tool " + printable(verdict_.tool) : "";
    std::vector<std::pair<std::string, std::string_view>> commands = {
        {"logs show --run " + verdict_.run + tool + " -n all", "every line of this run"},
        {"logs runs " + job, "the runs before it"}};
    if (!verdict_.last_good.id.empty()) {
      commands.emplace_back("logs show --run " + verdict_.last_good.id + tool + " -n all",
                            "a run that went well");
    }
    if (verdict_.cause.starts_with("resource/")) {
      commands.emplace_back("logs usage " + job, "what its runs take");
    }
    std::size_t width = 0;
    for (const auto& [text, purpose] : commands) width = std::max(width, columns(text));
    heading("Next");
    for (const auto& [text, purpose] : commands) {
      out_ << "  " << padded(text, width) << "  " << paint(kDim, purpose) << "\n";
    }
  }

  std::ostream& out_;
  const VerdictInfo& verdict_;
  const RunInfo* run_;
  const VerdictOptions& options_;
  std::set<std::uint32_t> cited_, kept_;
  std::vector<NumberedLine> block_, elsewhere_;  // ascending
};

}  // namespace

std::string ending_words(const RunInfo& run) {
  if (run.timed_out == 1) return "ended at its deadline";
  if (run.signal > 0) {
    auto text = "killed by " + (run.signal_name.empty() ? "signal " + std::to_string(run.signal)
                                                        : run.signal_name);
    if (run.oom_kills > 0) text += " at its memory limit";
    return text;
  }
  if (run.exit_code >= 0) return "exit code " + std::to_string(run.exit_code);
  return run.reason;
}

void print_verdict(std::ostream& out, const VerdictInfo& verdict, const RunInfo* run,
                   const VerdictOptions& options) {
  Page(out, verdict, run, options).print();
}

}  // namespace logboom::ui::cli
