#include "ui/cli/runs_text.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "ui/cli/phrases.h"
#include "ui/cli/terminal.h"
#include "ui/cli/verdict_text.h"

namespace logboom::ui::cli {
namespace {

constexpr std::string_view kReset = "\x1b[0m", kDim = "\x1b[2m";
constexpr std::size_t kMaxJobColumns = 32, kLeastLast = 20;

struct Cell {
  std::string text;
  std::string_view colour = {};
};
using Row = std::vector<Cell>;

void make_printable(std::vector<Row>& rows) {
  for (auto& row : rows) {
    for (auto& cell : row) cell.text = printable(cell.text);
  }
}

// As wide as their widest cell; 0 where every cell is empty.
std::vector<std::size_t> widths_of(const std::vector<std::string>& names,
                                   const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(names.size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], columns(row[i].text));
    }
  }
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (widths[i] != 0) widths[i] = std::max(widths[i], columns(names[i]));
  }
  return widths;
}

// What all columns but the last take, with two spaces behind each.
std::size_t columns_before_last(const std::vector<std::size_t>& widths) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) sum += widths[i] == 0 ? 0 : widths[i] + 2;
  return sum;
}

// The last column takes what is left. Columns that are empty in every row are left out.
void print_table(std::ostream& out, const std::vector<std::string>& names, std::vector<Row> rows,
                 const TableOptions& options) {
  make_printable(rows);
  auto widths = widths_of(names, rows);
  const auto before_last = columns_before_last(widths);
  if (options.width != 0) {
    widths.back() =
        std::min(widths.back(), std::max(options.width, before_last + kLeastLast) - before_last);
  }
  const auto print = [&](const Row& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths[i] == 0) continue;
      const bool last = i + 1 == row.size();
      auto text = last ? clipped(row[i].text, widths[i]) : padded(row[i].text, widths[i]);
      const bool paint = options.colour && !row[i].colour.empty() && !row[i].text.empty();
      if (paint) text = std::string(row[i].colour).append(text).append(kReset);
      line += text;
      if (!last) line += "  ";
    }
    line.resize(line.find_last_not_of(' ') + 1);
    out << line << "\n";
  };
  Row head;
  for (const auto& name : names) head.push_back({name, kDim});
  print(head);
  std::ranges::for_each(rows, print);
}

Cell outcome_cell(std::string_view outcome) {
  const auto look = look_of(outcome);
  return {std::string(look.sign).append(" ").append(outcome), look.colour};
}

std::string when(std::int64_t time_ns, const TableOptions& options) {
  if (time_ns == 0) return "";
  return format_when(time_ns, TimeStyle::clock, options.now, options.zone);
}

// In a table a succeeded run's exit code says nothing.
std::string ending(const RunInfo& run) {
  return run.outcome == "succeeded" && run.exit_code == 0 ? "" : ending_words(run);
}

std::string nothing(std::string_view) { return ""; }
std::string without_seconds(std::string_view clock) {
  return std::string(clock.substr(0, clock.rfind(':')));
}
std::string sign_alone(std::string_view outcome) {
  return std::string(outcome.substr(0, outcome.find(' ')));
}

// What the columns of runs give up, one after another, until WHY has kGoodWhy columns.
constexpr std::size_t kStarted = 1, kOutcome = 3, kTook = 4, kMemory = 5, kEnded = 6;
constexpr std::size_t kGoodWhy = 34;
struct Saving {
  std::size_t column;
  std::string (*shorter)(std::string_view);
};
constexpr auto kSavings = std::to_array<Saving>({{kMemory, nothing},
                                                 {kEnded, nothing},
                                                 {kTook, nothing},
                                                 {kStarted, without_seconds},
                                                 {kOutcome, sign_alone}});

Row usage_row(std::string name, const Usage::Spread& spread, std::string (*words)(std::int64_t)) {
  return {{std::move(name)}, {words(spread.p50)}, {words(spread.p95)}, {words(spread.max)}};
}

}  // namespace

void print_runs(std::ostream& out, const std::vector<RunInfo>& runs, bool with_jobs,
                const TableOptions& options) {
  std::vector<Row> rows;
  for (const auto& run : runs) {
    rows.push_back({{run.id},
                    {when(run.started_ns, options)},
                    {with_jobs ? clipped(run.job, kMaxJobColumns) : ""},
                    outcome_cell(run.outcome),
                    {duration_words(run.wall_ms)},
                    {size_words(run.peak_bytes)},
                    {ending(run)},
                    {run.headline}});
  }
  make_printable(rows);
  std::vector<std::string> names = {"RUN",  "STARTED", "JOB",   "OUTCOME",
                                    "TOOK", "MEMORY",  "ENDED", "WHY"};
  const auto fits = [&] {
    const auto widths = widths_of(names, rows);
    return columns_before_last(widths) + std::min(widths.back(), kGoodWhy) <= options.width;
  };
  for (const auto& [column, shorter] : kSavings) {
    if (options.width == 0 || fits()) break;
    for (auto& row : rows) row[column].text = shorter(row[column].text);
    if (column == kOutcome) names[column] = "";  // its name is wider than a sign
  }
  print_table(out, names, std::move(rows), options);
}

void print_health(std::ostream& out, const Health& health, const TableOptions& options) {
  std::vector<Row> rows;
  for (const auto& job : health.jobs) {
    rows.push_back({outcome_cell(job.state),
                    {clipped(job.job, kMaxJobColumns)},
                    {when(job.last_ended_ns, options)},
                    {when(job.next_ns, options)},
                    {job.text}});
  }
  print_table(out, {"STATE", "JOB", "LAST END", "NEXT", "WHAT"}, std::move(rows), options);
}

void print_usage(std::ostream& out, const Usage& usage, const TableOptions& options) {
  out << printable(usage.job) << ", " << usage.runs << (usage.runs == 1 ? " run" : " runs")
      << "\n\n";
  print_table(out, {"", "MEDIAN", "95 %", "MOST"},
              {usage_row("time", usage.wall_ms, duration_words),
               usage_row("CPU", usage.cpu_ms, duration_words),
               usage_row("memory", usage.peak_bytes, size_words)},
              options);
  out << "\n";
  if (usage.memory_limit_bytes > 0) {
    out << "Memory limit      " << size_words(usage.memory_limit_bytes) << "\n";
  }
  if (usage.suggested_memory_bytes > 0) {
    out << "Suggested memory  " << size_words(usage.suggested_memory_bytes) << "\n";
  }
  if (usage.throttled_percent > 0) {
    out << "Held back         " << usage.throttled_percent << " % of the time by its CPU limit\n";
  }
  std::vector<std::int64_t> times, memory;
  for (const auto& run : usage.recent | std::views::reverse) {
    times.push_back(run.wall_ms);
    memory.push_back(run.peak_bytes);
  }
  if (times.size() < 2) return;
  out << "Time, oldest run first    " << bars(times) << "\n";
  out << "Memory                    " << bars(memory) << "\n";
}

}  // namespace logboom::ui::cli
