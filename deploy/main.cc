// The program `logboom`: one binary, and a command for each role it can play on a machine.
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "core/stop.h"
#include "deploy/collect.h"
#include "deploy/config.h"
#include "deploy/serve.h"
#include "deploy/store_command.h"

namespace logboom::deploy {
namespace {

constexpr int kUsage = 2, kFailed = 1;

constexpr std::string_view kHelp =
    R"(logboom: gathers the logs of every container and job, and says why a script failed

usage: logboom COMMAND [FLAGS]

  serve                the server, with every role of a single machine: collect, store, search, page
  collect              the agent of one node: reads its logs, redacts, ships to a server or to Kafka
  store CMD            looks after the store, also of a running server: stats, verify, compact,
                       backup, restore
  check-config FILE    reads a config file and says what is wrong with it, without starting anything
                       (--role collect for an agent's)
  options              every option as a page of Markdown
  version              the version

examples:
  logboom serve                                  everything on this machine; http://127.0.0.1:3100
  logboom serve --data /srv/logs --listen [::1]:80   the same elsewhere
  logboom serve --kafka broker1:9092             take the lines of many nodes from Kafka
  logboom collect --server http://logs:3100      a node that ships straight to a server
  logboom collect --kafka broker1:9092           a node that ships through Kafka

`logboom serve --help` and `logboom collect --help` list their flags. To read logs: `logs --help`.
)";

int print_help(Role role) {
  Config config;
  const bool serve = role == Role::serve;
  std::printf(
      "usage: logboom %s [--config FILE] [FLAGS]\n\n%s\n\nflags [default]:\n%s%s",
      serve ? "serve" : "collect",
      serve ? "Stores logs, answers queries, serves the page, and collects this machine's logs."
            : "Reads this node's logs, redacts them, and ships them to a server or to Kafka.",
      "  --config FILE                Read this YAML file first; the command line wins over it\n",
      options_of(role, config).help().c_str());
  return 0;
}

int report(const Error& error, std::string_view command) {
  std::fprintf(stderr, "logboom %.*s: %s\n", static_cast<int>(command.size()), command.data(),
               error.message.c_str());
  return error.code == Errc::invalid ? kUsage : kFailed;
}

int run_role(Role role, const std::vector<std::string>& arguments) {
  const std::string_view command = role == Role::serve ? "serve" : "collect";
  Config config;
  auto loaded = load(role, config, arguments);
  if (!loaded) {
    const int code = report(loaded.error(), command);
    std::fprintf(stderr, "`logboom %s --help` lists the flags\n", std::string(command).c_str());
    return code;
  }
  if (loaded->help) return print_help(role);
  if (auto level = log::set_level(config.log_level); !level) return report(level.error(), command);
  auto ended = role == Role::serve ? serve(config) : collect(config);
  return ended ? 0 : report(ended.error(), command);
}

int check_config(const std::vector<std::string>& arguments) {
  std::string file, role = "serve";
  OptionTable table;
  table.add("", "--role", &role, "serve|collect", "Whose config it is");
  auto parsed = table.parse(arguments);
  if (parsed && parsed->rest.size() == 1) file = parsed->rest.front();
  if (!parsed || parsed->help || file.empty() || (role != "serve" && role != "collect")) {
    if (!parsed) return report(parsed.error(), "check-config");
    std::fputs("usage: logboom check-config [--role serve|collect] FILE\n", stderr);
    return parsed->help ? 0 : kUsage;
  }
  Config config;
  const Role whose = role == "serve" ? Role::serve : Role::collect;
  if (auto loaded = load(whose, config, {"--config", file}); !loaded) {
    return report(loaded.error(), "check-config");
  }
  if (auto good = check(whose, config); !good) return report(good.error(), "check-config");
  std::printf("%s: good\n", file.c_str());
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty()) {
    std::fputs(kHelp.data(), stderr);
    return kUsage;
  }
  const std::string& command = arguments.front();
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (command == "serve") return run_role(Role::serve, rest);
  if (command == "collect") return run_role(Role::collect, rest);
  if (command == "store") return run_store(rest);
  if (command == "check-config") return check_config(rest);
  if (command == "options") return std::fputs(options_page().c_str(), stdout) < 0 ? kFailed : 0;
  if (command == "version" || command == "--version") {
    std::puts("logboom " LOGBOOM_VERSION);
    return 0;
  }
  const bool help = command == "help" || command == "--help" || command == "-h";
  const std::string topic = help && !rest.empty() ? rest.front() : "";
  if (topic == "serve" || topic == "collect" || topic == "store" || topic == "check-config") {
    return run({topic, "--help"});
  }
  if (help) {
    std::fputs(kHelp.data(), stdout);
    return 0;
  }
  const std::string near =
      nearest(command, {"serve", "collect", "store", "check-config", "options", "version"});
  std::fprintf(stderr, "logboom: unknown command '%s'%s\n`logboom --help` lists the commands\n",
               command.c_str(), near.empty() ? "" : ("; did you mean '" + near + "'?").c_str());
  return kUsage;
}

}  // namespace
}  // namespace logboom::deploy

int main(int argc, char** argv) {
  logboom::block_stop_signals();
  return logboom::deploy::run({argv + 1, argv + argc});
}
