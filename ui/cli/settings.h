// Which server, which tool, which token: flags beat the environment, which beats the config file.
//
// Environment: LOGS_URL, LOGS_TOKEN, LOGS_TOOL, LOGS_CONTEXT, LOGS_CA_FILE; and what logcli users
// have set: LOKI_ADDR, LOKI_BEARER_TOKEN, LOKI_ORG_ID, LOKI_CA_CERT_PATH. Ours win.
#pragma once

#include <string>
#include <string_view>

#include "core/http/client.h"
#include "core/result.h"
#include "ui/cli/terminal.h"

namespace logboom::ui::cli {

inline constexpr std::string_view kDefaultUrl = "http://127.0.0.1:3100";
inline constexpr std::string_view kDefaultTool = "local";

// What the flags said; empty where they did not.
struct Connection {
  std::string url, token, tool, context;
};

struct Settings {
  std::string url, tool, token, context, ca_file;
  std::string config_path, credentials_path;

  [[nodiscard]] http::ClientOptions client() const;
};

// Errors: invalid (a config that cannot be read, an unknown context, a bad tool name), io.
[[nodiscard]] Result<Settings> settings(const Connection& flags, const Environment& environment);

// "logs.example.org/" is http://logs.example.org. Errors: invalid: another scheme.
[[nodiscard]] Result<std::string> clean_url(std::string_view url);
// Printable ASCII without spaces, as it must be to stand in a header.
[[nodiscard]] Result<void> check_token(std::string_view token);

}  // namespace logboom::ui::cli
