// Whose tool a user's runs belong to: one rule, for `logs run`, for crontabs, for the spool.
//
// Threads: any.
#pragma once

#include <string>
#include <string_view>

namespace logboom::collector {

//  trusted  root, and whoever runs the collector: `wanted` where it names a tool, else `fallback`.
//  others   tools.<name> -> <name>, else the user's own name; `wanted` does not count, so that
//           nobody writes into another's tool.
// A user name that makes no tool's name gets '-' for what does not fit (_apt -> apt, a b -> a-b).
[[nodiscard]] std::string tool_of_user(std::string_view user, bool trusted, std::string_view wanted,
                                       std::string_view fallback);

// May this user choose the tool of its runs?
[[nodiscard]] bool is_trusted(unsigned int uid);

}  // namespace logboom::collector
