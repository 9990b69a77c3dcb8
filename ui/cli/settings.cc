#include "ui/cli/settings.h"

#include <initializer_list>
#include <vector>

#include "core/labels.h"
#include "core/options.h"
#include "ui/cli/config_file.h"

namespace logboom::ui::cli {
namespace {

std::string first_of(std::initializer_list<std::string> values) {
  for (const auto& value : values) {
    if (!value.empty()) return value;
  }
  return "";
}

std::string directory(const Environment& environment, const char* variable,
                      const char* below_home) {
  const auto base = get(environment, variable);
  if (base.starts_with('/')) return base + "/logs";
  return get(environment, "HOME") + "/" + below_home + "/logs";
}

Result<Context> context_of(const ConfigFile& config, const std::string& name,
                           const std::string& path) {
  if (name.empty()) return Context{};
  if (const auto found = config.contexts.find(name); found != config.contexts.end()) {
    return found->second;
  }
  std::vector<std::string> known;
  for (const auto& [context, unused] : config.contexts) known.push_back(context);
  const auto near = nearest(name, known);
  return fail(Errc::invalid,
              "unknown context '" + name + "' (looked in " + path + ")" +
                  (near.empty() ? "; `logs login URL --context " + name + "` makes it"
                                : "; did you mean '" + near + "'?"));
}

}  // namespace

http::ClientOptions Settings::client() const {
  http::ClientOptions options;
  options.url = url;
  options.ca_file = ca_file;
  options.headers = {{"X-Scope-OrgID", tool}, {"User-Agent", "logs"}};
  if (!token.empty()) options.headers.emplace_back("Authorization", "Bearer " + token);
  return options;
}

Result<std::string> clean_url(std::string_view url) {
  std::string result(url);
  if (const auto scheme = result.find("://"); scheme == std::string::npos) {
    result.insert(0, "http://");
  } else if (const auto name = result.substr(0, scheme); name != "http" && name != "https") {
    return fail(Errc::invalid, "cannot use '" + result + "': the URL of a server starts with " +
                                   "http:// or https://");
  }
  while (result.ends_with('/')) result.pop_back();
  if (result.ends_with(':') || result.find_first_of(" \t\r\n") != std::string::npos) {
    return fail(Errc::invalid, "'" + std::string(url) + "' is no URL of a server");
  }
  return result;
}

Result<void> check_token(std::string_view token) {
  for (const char c : token) {
    if (c <= ' ' || c > '~') {
      return fail(Errc::invalid,
                  "the token holds a space or a character that is not ASCII; copy it again");
    }
  }
  return {};
}

Result<Settings> settings(const Connection& flags, const Environment& environment) {
  const auto variable = [&](const char* name) { return get(environment, name); };
  Settings result;
  result.config_path = directory(environment, "XDG_CONFIG_HOME", ".config") + "/config.toml";
  result.credentials_path =
      directory(environment, "XDG_STATE_HOME", ".local/state") + "/credentials.json";

  auto text = read_file(result.config_path);
  if (!text) return fail(std::move(text).error());
  auto config = parse_config(text->value_or(""), result.config_path);
  if (!config) return fail(std::move(config).error());
  result.context = first_of({flags.context, variable("LOGS_CONTEXT"), config->current});
  const auto context = context_of(*config, result.context, result.config_path);
  if (!context) return fail(context.error());

  // --context is a flag, so what it names beats the environment.
  const Context named = flags.context.empty() ? Context{} : *context;
  auto url = clean_url(first_of({flags.url, named.url, variable("LOGS_URL"), variable("LOKI_ADDR"),
                                 context->url, std::string(kDefaultUrl)}));
  if (!url) return fail(std::move(url).error());
  result.url = *std::move(url);
  result.tool = first_of({flags.tool, named.tool, variable("LOGS_TOOL"), variable("LOKI_ORG_ID"),
                          context->tool, std::string(kDefaultTool)});
  if (auto valid = check_tool_name(result.tool); !valid) {
    return fail(std::move(valid).error().in("--tool"));
  }
  result.ca_file = first_of({variable("LOGS_CA_FILE"), variable("LOKI_CA_CERT_PATH")});
  result.token = first_of({flags.token, variable("LOGS_TOKEN"), variable("LOKI_BEARER_TOKEN")});
  if (auto valid = check_token(result.token); !valid) return fail(std::move(valid).error());
  if (!result.token.empty()) return result;

  auto stored = read_file(result.credentials_path);
  if (!stored) return fail(std::move(stored).error());
  if (!*stored) return result;
  auto tokens = parse_tokens(**stored);
  if (!tokens) return fail(std::move(tokens).error().in(result.credentials_path));
  if (const auto found = tokens->find(result.url); found != tokens->end()) {
    result.token = found->second;
  }
  return result;
}

}  // namespace logboom::ui::cli
