#include "collector/tool_of_user.h"

#include <unistd.h>

#include <algorithm>

#include "core/labels.h"

namespace logboom::collector {
namespace {

constexpr std::string_view kToolUser = "tools.";
constexpr std::size_t kLongestTool = 63;

bool fits(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

std::string tool_of_user(std::string_view user, bool trusted, std::string_view wanted,
                         std::string_view fallback) {
  if (trusted) return std::string(check_tool_name(wanted) ? wanted : fallback);
  if (user.starts_with(kToolUser)) user.remove_prefix(kToolUser.size());
  std::string tool(user);
  std::ranges::replace_if(tool, [](char c) { return !fits(c); }, '-');
  tool.erase(0, std::min(tool.find_first_not_of("._-"), tool.size()));
  tool.resize(std::min(tool.size(), kLongestTool));
  return check_tool_name(tool) ? tool : std::string(fallback);
}

bool is_trusted(unsigned int uid) { return uid == 0 || uid == ::geteuid(); }

}  // namespace logboom::collector
