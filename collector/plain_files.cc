#include "collector/plain_files.h"

#include <algorithm>

#include "core/time.h"

namespace logboom::collector {

Origin file_origin(const FileRule& rule, const std::string& path, const std::string& node,
                   const std::string& fallback_tool) {
  Origin origin;
  origin.tool = rule.tool.empty() ? fallback_tool : rule.tool;
  auto job = rule.job;
  if (job.empty()) {
    const auto name = path.substr(path.rfind('/') + 1);
    job = name.substr(0, name.find('.', 1));
  }
  origin.streams.emplace_back(std::vector<Labels::Pair>{{"job", job}});
  origin.columns = {{"node", node}, {"filename", path}};
  return origin;
}

std::optional<std::int64_t> leading_time(std::string_view line) {
  constexpr std::size_t kLongest = 40;
  const auto word = line.substr(0, std::min(line.find(' '), kLongest));
  if (word.size() < 20 || word[4] != '-' || word[10] != 'T' || word[13] != ':') {
    return std::nullopt;
  }
  const auto time = parse_rfc3339(word);
  return time ? std::optional(*time) : std::nullopt;
}

bool is_compressed(std::string_view file_name) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{".gz", ".zst", ".xz", ".bz2", ".lz4"},
      [&](std::string_view end) { return file_name.ends_with(end); });
}

}  // namespace logboom::collector
