#include "collector/node_events_state.h"

#include <algorithm>
#include <utility>

#include "collector/state_text.h"
#include "core/log.h"

namespace logboom::collector {
namespace {

constexpr std::string_view kFirstLine = "logboom-state 1\n";

}  // namespace

std::string print_state(const StateRows& rows) {
  std::string text(kFirstLine);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) text += (i > 0 ? " " : "") + escape_word(row[i]);
    text += '\n';
  }
  return with_checksum(std::move(text));
}

Result<StateRows> parse_state(std::string_view text) {
  if (!text.starts_with(kFirstLine)) return fail(Errc::corrupt, "line 1: not a file of ours");
  const auto body = check_checksum(text);
  if (!body) return fail(body.error());
  StateRows rows;
  for (auto rest = body->substr(kFirstLine.size()); !rest.empty();) {
    const auto end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    auto& row = rows.emplace_back();
    while (!line.empty()) {
      const auto space = std::min(line.find(' '), line.size());
      row.push_back(unescape_word(line.substr(0, space)));
      line.remove_prefix(std::min(space + 1, line.size()));
    }
  }
  return rows;
}

StateRows StateFile::load() const {
  const auto text = read_whole(path_, kMaxBytes);
  if (!text && text.error().code == Errc::not_found) return {};
  auto rows = text ? parse_state(*text) : fail(text.error());
  if (rows) return *std::move(rows);
  log::warn("state unreadable: starting without it; ends of runs before may be unknown",
            {{"path", path_}, {"error", rows.error().message}});
  return {};
}

Result<void> StateFile::save(const StateRows& rows) {
  return replace_file(path_, print_state(rows));
}

}  // namespace logboom::collector
