#include "ui/cli/neighbours.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace logboom::ui::cli {
namespace {

// The hit's stream; with our server narrowed to its file or pod, which are columns there.
Query source_of(const Line& hit, std::string_view tool) {
  std::string selector = "{tool=" + logql_quote(tool);
  const auto add = [&](std::string_view name, std::string_view value) {
    selector.append(",").append(name).append("=").append(logql_quote(value));
  };
  if (hit.id.empty()) selector = "{";
  if (hit.labels) {
    for (const auto& [name, value] : hit.labels->pairs()) add(name, value);
  }
  if (!hit.id.empty()) {
    for (const auto& [name, value] : hit.metadata) {
      if (name == "pod" || name == "filename") add(name, value);
    }
  }
  if (selector.starts_with("{,")) selector.erase(1, 1);
  return {.logql = selector + "}", .search = {}};
}

// `count` lines of the source next to the hit on one side, oldest first.
Result<std::vector<Line>> one_side(const Ask& ask, const Query& source, const Line& hit,
                                   std::size_t count, Direction direction) {
  if (count == 0) return std::vector<Line>();
  const Range range = direction == Direction::backward
                          ? Range{hit.time_ns - kReach, hit.time_ns + 1}
                          : Range{hit.time_ns, hit.time_ns + kReach};
  const auto same = [&](const Line& line) {
    return line.time_ns == hit.time_ns && line.key() == hit.key();
  };
  for (std::size_t limit = std::min(count + 1, kMaxPage);; limit = std::min(limit * 8, kMaxPage)) {
    auto lines = ask(source, range, limit, direction);
    if (!lines) return lines;
    const bool whole = lines->size() < limit || limit == kMaxPage;
    if (direction == Direction::forward) std::ranges::reverse(*lines);
    // Now the hit lies towards the end, and the neighbours before it are the ones wanted.
    const auto found = std::ranges::find_if(*lines, same);
    const auto available = static_cast<std::size_t>(found - lines->begin());
    if (found == lines->end() || available < count) {
      if (!whole) continue;
      if (found == lines->end()) return std::vector<Line>();
    }
    const auto first = found - static_cast<std::ptrdiff_t>(std::min(count, available));
    std::vector<Line> result(std::make_move_iterator(first), std::make_move_iterator(found));
    if (direction == Direction::forward) std::ranges::reverse(result);
    return result;
  }
}

}  // namespace

Result<std::vector<Line>> neighbours(const Ask& ask, const Line& hit, Around around,
                                     std::string_view tool) {
  const auto source = source_of(hit, tool);
  auto lines = one_side(ask, source, hit, around.before, Direction::backward);
  if (!lines) return lines;
  lines->push_back(hit);
  auto after = one_side(ask, source, hit, around.after, Direction::forward);
  if (!after) return after;
  std::ranges::move(*after, std::back_inserter(*lines));
  return lines;
}

}  // namespace logboom::ui::cli
