#include "collector/node_events_state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "collector/descriptor.h"
#include "core/log.h"

namespace logboom::collector {
namespace {

constexpr std::string_view kFirstLine = "logboom-state 1\n";

std::string escape(std::string_view word) {
  if (word.empty()) return "-";
  std::string out;
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || c == '%' || byte == 0x7f || word == "-") {
      char text[4];
      std::snprintf(text, sizeof text, "%%%02x", byte);
      out += text;
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescape(std::string_view word) {
  if (word == "-") return {};
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    unsigned byte = 0;
    if (word[i] == '%' && i + 2 < word.size() &&
        std::from_chars(&word[i + 1], &word[i + 1] + 2, byte, 16).ec == std::errc{}) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += word[i];
    }
  }
  return out;
}

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
    for (std::size_t i = 0; i < row.size(); ++i) text += (i > 0 ? " " : "") + escape(row[i]);
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
      row.push_back(unescape(line.substr(0, space)));
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
  const auto temporary = path_ + ".new";
  const auto text = print_state(rows);
  {
    const Descriptor file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file.open()) return fail(system_error("open " + temporary, errno));
    std::string_view left = text;
    while (!left.empty()) {
      const auto written = ::write(file.get(), left.data(), left.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return fail(system_error("write " + temporary, errno));
      left.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fdatasync(file.get()) != 0) return fail(system_error("sync " + temporary, errno));
  }
  if (std::rename(temporary.c_str(), path_.c_str()) != 0) {
    return fail(system_error("rename " + temporary, errno));
  }
  return {};
}

}  // namespace logboom::collector
