#include "query/why/step.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <vector>

namespace logboom::query::why {
namespace {

using Text = std::string_view;
constexpr std::uint32_t kMaxCommandLines = 40;  // of a command printed over several lines

bool digit(char c) { return c >= '0' && c <= '9'; }

// Whether the text behind `words` is a number other than 0.
bool failed_with(Text line, Text words) {
  const auto at = line.find(words);
  if (at == Text::npos) return false;
  const auto number = line.substr(at + words.size());
  return !number.empty() && digit(number[0]) && number[0] != '0';
}

// A way to print commands and how they ended.
struct Dialect {
  bool (*failed)(Text line);
  bool (*begins)(Text line);
};

bool echoes(Text line) { return line.size() > 2 && line.starts_with("$ ") && line[2] != ' '; }

constexpr std::array<Dialect, 4> kDialects = {{
    // A hosted runner's groups, with or without its marks
    {[](Text line) {
       return line.find("rocess completed with exit code") != Text::npos &&
              failed_with(line, "with exit code ");
     },
     [](Text line) { return line.starts_with("##[group]Run ") || line.starts_with("Run "); }},
    // docker build, old and new
    {[](Text line) {
       return failed_with(line, "returned a non-zero code: ") ||
              failed_with(line, "did not complete successfully: exit code: ");
     },
     [](Text line) {
       return line.starts_with("Step ") ||
              (line.starts_with("#") && line.find("] RUN ") != Text::npos);
     }},
    // npm's and yarn's scripts
    {[](Text line) {
       return line.starts_with("npm ERR!") || line.starts_with("error Command failed");
     },
     [](Text line) {
       return (line.size() > 2 && line.starts_with("> ") && line[2] != ' ') ||
              line.starts_with("$ ");
     }},
    // a job wrapper of a build farm
    {[](Text line) {
       return failed_with(line, "Job failed: exit code ") || failed_with(line, "exited with code ");
     },
     [](Text line) { return echoes(line); }},
}};

// The command that `The command "x` … `" exited with 1` names, at the marker's last line. `echoed`:
// the lines before that echo a command.
std::optional<Step> quoted_command(const Prepared& log, std::uint32_t last,
                                   const std::vector<std::uint32_t>& echoed) {
  if (echoed.empty()) return std::nullopt;
  const Text line = log.clean[last];
  if (!failed_with(line, "\" exited with ") && !failed_with(line, "\" failed and exited with ") &&
      !(line.find("\" failed ") != Text::npos && line.ends_with("times."))) {
    return std::nullopt;
  }
  constexpr Text kOpening = "The command \"";
  std::uint32_t marker = last;
  while (!log.clean[marker].starts_with(kOpening)) {
    if (marker == 0 || last - marker >= kMaxCommandLines) return std::nullopt;
    --marker;
  }
  Text command = log.clean[marker].substr(kOpening.size());
  if (marker == last) command = command.substr(0, command.rfind("\" "));
  if (command.starts_with("eval ")) command.remove_prefix(5);
  const Text start = command.substr(0, 40);
  for (const auto i : echoed | std::views::reverse) {
    if (log.clean[i].substr(2).starts_with(start)) return Step{i, last, marker, command};
  }
  return Step{echoed.back(), last, marker, command};
}

std::optional<Step> bounded(const Prepared& log, const Dialect& dialect, std::uint32_t from,
                            std::uint32_t to) {
  for (std::uint32_t i = from; i <= to; ++i) {
    if (!dialect.failed(log.clean[i])) continue;
    for (std::uint32_t j = i; j-- > from;) {
      if (dialect.begins(log.clean[j])) return Step{j, i, i, log.clean[j]};
    }
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Step> failing_step(const Prepared& log) {
  if (log.size() == 0) return std::nullopt;
  const auto end = static_cast<std::uint32_t>(log.size() - 1);
  std::optional<Step> step;
  std::vector<std::uint32_t> echoed;
  for (std::uint32_t i = 0; i <= end && !step; ++i) {
    step = quoted_command(log, i, echoed);
    if (echoes(log.clean[i])) echoed.push_back(i);
  }
  // A command's own script may say more closely which of its commands it was.
  for (const auto& dialect : kDialects) {
    auto inner = bounded(log, dialect, step ? step->first : 0, step ? step->last : end);
    if (!inner) continue;
    if (step) {
      inner->last = step->last;
      inner->verdict = step->verdict;
    }
    step = inner;
  }
  return step;
}

}  // namespace logboom::query::why
