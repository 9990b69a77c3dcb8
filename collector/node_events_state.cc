#include "collector/node_events_state.h"

#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "collector/state_text.h"
#include "core/log.h"

namespace logboom::collector {
namespace {

constexpr std::string_view kFirstLine = "logboom-state 1\n";

std::string last_line(std::string_view before) {
  char text[32];
  std::snprintf(text, sizeof text, "end %016llx\n",
                static_cast<unsigned long long>(XXH64(before.data(), before.size(), 0)));
  return text;
}

}  // namespace

std::string print_state(const StateRows& rows) {
  std::string text(kFirstLine);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) text += (i > 0 ? " " : "") + escape_word(row[i]);
    text += '\n';
  }
  return text + last_line(text);
}

Result<StateRows> parse_state(std::string_view text) {
  if (!text.starts_with(kFirstLine)) return fail(Errc::corrupt, "line 1: not a file of ours");
  const auto last = text.size() < 2 ? std::string_view::npos : text.rfind('\n', text.size() - 2);
  const auto body = text.substr(0, last + 1);
  if (last == std::string_view::npos || text.substr(last + 1) != last_line(body)) {
    return fail(Errc::corrupt, "its last line: the checksum does not match");
  }
  StateRows rows;
  for (auto rest = body.substr(kFirstLine.size()); !rest.empty();) {
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
  struct stat status{};
  if (::stat(path_.c_str(), &status) != 0) return {};
  std::ostringstream text;
  if (static_cast<std::size_t>(status.st_size) <= kMaxBytes) {
    text << std::ifstream(path_, std::ios::binary).rdbuf();
  }
  auto rows = parse_state(text.str());
  if (rows) return *std::move(rows);
  log::warn("state unreadable: starting without it; ends of runs before may be unknown",
            {{"path", path_}, {"error", rows.error().message}});
  return {};
}

Result<void> StateFile::save(const StateRows& rows) {
  return replace_file(path_, print_state(rows));
}

}  // namespace logboom::collector
