// The files of `logs`: contexts in config.toml (people edit it), tokens in credentials.json (mode
// 0600).
//
//   current = "toolforge"
//   [contexts.toolforge]
//   url = "https://logs.example.org"
//   tool = "mytool"
//
// The config is a subset of TOML: comments, [tables] with bare or quoted names, and strings.
// Anything else is an error that names the line. Changing a value leaves the other lines as they
// are. Limits: a file is at most kMaxConfigBytes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace logboom::ui::cli {

inline constexpr std::size_t kMaxConfigBytes = 1 << 20;

struct Context {
  std::string url, tool;
};

struct ConfigFile {
  std::string current;
  std::map<std::string, Context> contexts;
};

// `file_name` is what errors call it: "config.toml:3: unknown key 'uri'; did you mean 'url'?"
[[nodiscard]] Result<ConfigFile> parse_config(std::string_view text, std::string_view file_name);
// The text with one value set, in `table` (empty: above all tables; else contexts.NAME).
[[nodiscard]] std::string set_config_value(std::string_view text, std::string_view table,
                                           std::string_view key, std::string_view value);
// [contexts.NAME]'s name as it stands in a header: bare, or quoted where it must be.
[[nodiscard]] std::string context_table(std::string_view name);

// Token of each URL. A token is never sent to a URL it was not stored for.
using Tokens = std::map<std::string, std::string>;
[[nodiscard]] Result<Tokens> parse_tokens(std::string_view text);
[[nodiscard]] std::string print_tokens(const Tokens& tokens);

// Nothing when there is no such file. Errors: io, too_large.
[[nodiscard]] Result<std::optional<std::string>> read_file(const std::string& path);
// Replaces the file in one step, readable by its owner alone; makes its directories.
[[nodiscard]] Result<void> write_private_file(const std::string& path, std::string_view text);

}  // namespace logboom::ui::cli
