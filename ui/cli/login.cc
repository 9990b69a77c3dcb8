#include "ui/cli/login.h"

#include <string>

#include "ui/cli/config_file.h"
#include "ui/cli/server.h"

namespace logboom::ui::cli {
namespace {

constexpr std::size_t kMaxToken = 16 * 1024;

// The first line of standard input, without what surrounds the token.
Result<std::string> read_token(std::istream& in) {
  std::string token(kMaxToken, '\0');
  in.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(in.gcount()));
  token.resize(std::min(token.find('\n'), token.size()));
  const auto end = token.find_last_not_of(" \t\r");
  token.resize(end == std::string::npos ? 0 : end + 1);
  token.erase(0, token.find_first_not_of(" \t"));
  if (token.empty()) {
    return fail(Errc::invalid,
                "no token on standard input; pipe it in: logs login URL --with-token "
                "< token.txt");
  }
  if (auto valid = check_token(token); !valid) return fail(std::move(valid).error());
  return token;
}

// logs.example.org of https://logs.example.org:443/prefix.
std::string host_of(std::string_view url) {
  url.remove_prefix(url.find("://") + 3);
  return std::string(url.substr(0, url.find('/')));
}

bool is_loopback(std::string_view url) {
  const auto host = host_of(url);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

Result<void> store_token(const Settings& settings, const std::string& token) {
  auto text = read_file(settings.credentials_path);
  if (!text) return fail(std::move(text).error());
  auto tokens = *text ? parse_tokens(**text) : Tokens();
  if (!tokens) return fail(std::move(tokens).error().in(settings.credentials_path));
  if (token.empty()) {
    if (tokens->erase(settings.url) == 0) return {};
  } else {
    (*tokens)[settings.url] = token;
  }
  return write_private_file(settings.credentials_path, print_tokens(*tokens));
}

Result<void> store_context(const Settings& settings, const std::string& name) {
  auto text = read_file(settings.config_path);
  if (!text) return fail(std::move(text).error());
  auto config = set_config_value(text->value_or(""), "", "current", name);
  const auto table = context_table(name);
  config = set_config_value(config, table, "url", settings.url);
  config = set_config_value(config, table, "tool", settings.tool);
  return write_private_file(settings.config_path, config);
}

}  // namespace

Result<void> login(const Arguments& arguments, Settings settings, Streams& streams, Notes& notes) {
  if (arguments.with_token) {
    auto token = read_token(streams.in);
    if (!token) return fail(std::move(token).error());
    settings.token = *std::move(token);
    if (settings.url.starts_with("http://") && !is_loopback(settings.url)) {
      notes.note("the token travels unencrypted to " + settings.url + "; prefer https://");
    }
  }
  auto server = Server::create(settings);
  if (!server) return fail(std::move(server).error());
  if (auto done = server->check(); !done) return done;

  const auto& asked = arguments.connection.context;
  const auto name = asked.empty() ? host_of(settings.url) : asked;
  if (auto done = store_context(settings, name); !done) return done;
  if (arguments.with_token || !arguments.connection.token.empty()) {
    if (auto done = store_token(settings, settings.token); !done) return done;
  } else if (settings.token.empty()) {
    notes.note("this server needs no token");
  }
  notes.note("logged in to " + settings.url + " as tool '" + settings.tool + "' (context '" + name +
             "'); try `logs tail`");
  return {};
}

Result<void> logout(const Settings& settings, Notes& notes) {
  if (auto done = store_token(settings, ""); !done) return done;
  notes.note("forgot the token of " + settings.url);
  return {};
}

Result<void> whoami(const Settings& settings, Streams& streams) {
  streams.out << "url      " << settings.url << "\ntool     " << settings.tool << "\ntoken    "
              << (settings.token.empty() ? "none" : "yes") << "\ncontext  "
              << (settings.context.empty() ? "none" : settings.context) << "\nconfig   "
              << settings.config_path << "\n"
              << std::flush;
  return {};
}

}  // namespace logboom::ui::cli
