#include "deploy/store_command.h"

#include <simdjson.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include "core/http/client.h"
#include "core/stop.h"
#include "core/time.h"
#include "deploy/config.h"
#include "deploy/progress_line.h"
#include "deploy/serve.h"
#include "deploy/store_text.h"
#include "query/long_task.h"
#include "store/backup.h"
#include "store/compact.h"
#include "store/overview.h"
#include "store/verify.h"

namespace logboom::deploy {
namespace {

namespace fs = std::filesystem;

constexpr int kFailed = 1, kUsage = 2, kStopped = 130;
constexpr std::size_t kMaxLine = 16 << 20;  // of a server's answer
// Nothing is dropped for its age by a look at it: only the server knows how long lines are kept.
constexpr std::chrono::hours kLongestRetention{24 * 93};

constexpr std::string_view kHelp =
    R"(usage: logboom store COMMAND [FLAGS]

Looks after a store. When no server has it open it is opened here; else the running server is asked.

  stats            what is stored, by day and by tool, and the room on the disk
  verify           read every stored value and name the wrong ones; ends with 1 if there are any
  compact          seal the inbox, compress all blocks for good, give back what was removed
  backup [DIR]     a whole copy, DIR/backup-YYYYMMDDThhmmssZ, while everything goes on; a running
                   server writes only below its --backup-dir, and there where no DIR is given
  restore BACKUP   make the store anew from a backup, checking every byte; only where none is

flags [default]:
)";

struct Flags {
  std::string data, url, ca_file, config;
  std::int64_t keep = -1;
  bool json = false;
};

struct Command {
  std::string name, argument;  // argument: DIR or BACKUP
  Flags flags;
  Config config;
  std::string store;  // its directory
};

OptionTable table_of(Flags& flags) {
  OptionTable table;
  table.add("", "--data", &flags.data, "DIR", "The server's data directory, as `serve` has it");
  table.add("", "--url", &flags.url, "URL",
            "Ask the server there, on this machine; empty: the one that has the directory open");
  table.add("", "--ca-file", &flags.ca_file, "FILE",
            "Trust this certificate authority (PEM) instead of the system's");
  table.add("", "--config", &flags.config, "FILE", "Take directories from the server's config");
  auto& keep = table.add("", "--keep", &flags.keep, "N",
                         "backup: older ones go, so that N stay; 0 keeps all; -1: as the server "
                         "does, or all");
  keep.least = -1;
  keep.most = 10'000;
  table.add("", "--json", &flags.json, "", "Progress and result as NDJSON");
  return table;
}

Result<Command> parse(const std::vector<std::string>& arguments) {
  static const std::vector<std::string> kCommands{"stats", "verify", "compact", "backup",
                                                  "restore"};
  Command command;
  command.name = arguments.front();
  if (std::ranges::find(kCommands, command.name) == kCommands.end()) {
    const auto near = nearest(command.name, kCommands);
    return fail(Errc::invalid, "unknown command '" + command.name + "'" +
                                   (near.empty() ? "" : "; did you mean '" + near + "'?"));
  }
  auto table = table_of(command.flags);
  auto parsed = table.parse({arguments.begin() + 1, arguments.end()});
  if (!parsed) return fail(std::move(parsed).error());
  const bool takes = command.name == "backup" || command.name == "restore";
  if (parsed->rest.size() > (takes ? 1 : 0))
    return fail(Errc::invalid, "unexpected argument '" + parsed->rest.back() + "'");
  if (!parsed->rest.empty())
    command.argument = fs::absolute(parsed->rest.front()).lexically_normal().string();
  if (command.name == "restore" && command.argument.empty())
    return fail(Errc::invalid, "restore: which backup? logboom store restore BACKUP --data DIR");
  std::vector<std::string> serve;
  if (!command.flags.config.empty()) serve = {"--config", command.flags.config};
  if (auto loaded = load(Role::serve, command.config, serve); !loaded)
    return fail(std::move(loaded).error());
  if (!command.flags.data.empty()) command.config.data = command.flags.data;
  command.config.data = fs::absolute(command.config.data).lexically_normal().string();
  command.store = command.config.data + "/store";
  return command;
}

// A stop token that an interrupt stops.
std::stop_token interrupted() {
  static std::stop_source source;
  std::thread([] {
    wait_for_stop_signal();
    source.request_stop();
  }).detach();  // it waits as long as the process lives
  return source.get_token();
}

// Files made by another user would keep the server from opening its store.
Result<void> check_owner(const std::string& directory) {
  struct stat found = {};
  if (stat(directory.c_str(), &found) != 0 || found.st_uid == geteuid()) return {};
  return fail(Errc::denied, directory + " belongs to user " + std::to_string(found.st_uid) +
                                ", and files made there by another would keep the server from its "
                                "store: run this as that user");
}

using Task = Result<std::string>;

Task with_store(const Command& command, store::Store& store, const store::Progress& progress,
                const std::stop_token& stop) {
  const auto as_json = [](const auto& report) -> Task {
    if (!report) return fail(report.error());
    return json(*report);
  };
  if (command.name == "stats") return json(store.overview());
  if (command.name == "verify") return as_json(store.verify(progress, stop));
  if (command.name == "compact") return as_json(store.compact(progress, stop));
  const auto& parent = command.argument.empty() ? command.config.backup_dir : command.argument;
  if (parent.empty()) return fail(Errc::invalid, "backup: where to? logboom store backup DIR");
  const auto keep = static_cast<std::size_t>(std::max<std::int64_t>(command.flags.keep, 0));
  return as_json(store::back_up_into(store, parent, keep, now_ns(), progress, stop));
}

Task restored(const Command& command, const store::Progress& progress,
              const std::stop_token& stop) {
  if (auto owner = check_owner(command.config.data); !owner) return fail(owner.error());
  const auto done = store::restore(
      {.backup = command.argument, .directory = command.store, .now_ns = now_ns(), .env = nullptr},
      progress, stop);
  if (!done) return fail(done.error());
  return json(*done);
}

// Nothing: a server has the store open.
std::optional<Task> here(const Command& command, const store::Progress& progress,
                         const std::stop_token& stop) {
  std::error_code ignored;
  if (!fs::exists(command.store + "/CURRENT", ignored))
    return fail(Errc::not_found, command.config.data +
                                     ": there is no store in it; name the server's data directory "
                                     "with --data");
  if (auto owner = check_owner(command.store); !owner) return fail(owner.error());
  store::Options options;
  options.directory = command.store;
  options.retention = kLongestRetention;
  options.min_free_bytes = command.config.min_free.bytes;
  options.background = false;
  const auto store = store::Store::open(std::move(options));
  if (!store && store.error().code == Errc::busy) return std::nullopt;
  if (!store) return fail(store.error());
  return with_store(command, **store, progress, stop);
}

// The address of the server that has the directory open.
Result<std::string> url_of(const Command& command) {
  if (!command.flags.url.empty()) return command.flags.url;
  std::ifstream file(address_file(command.config));
  std::string url;
  if (std::getline(file, url) && !url.empty()) return url;
  return fail(Errc::busy, command.config.data +
                              ": a program has the store open and does not say where it can be "
                              "asked; name it with --url http://127.0.0.1:PORT");
}

// Turns the lines of an answer into progress and an end.
class Lines {
 public:
  Lines(const store::Progress& progress, const std::stop_token& stop)
      : progress_(progress), stop_(stop) {}

  bool take(std::string_view part) {
    rest_ += part;
    for (auto end = rest_.find('\n'); end != rest_.npos; end = rest_.find('\n')) {
      take_line(rest_.substr(0, end));
      rest_.erase(0, end + 1);
    }
    return rest_.size() <= kMaxLine && !stop_.stop_requested();
  }

  [[nodiscard]] Task end() const {
    if (end_) return *end_;
    return fail(Errc::unavailable,
                "the server went away before the task was done; its log says why");
  }

 private:
  void take_line(const std::string& line) {
    simdjson::dom::parser parser;
    simdjson::dom::element root, inner;
    if (parser.parse(line).get(root) != simdjson::SUCCESS) return;
    std::string_view unit, what, message;
    if (root["result"].get(inner) == simdjson::SUCCESS) {
      end_ = simdjson::minify(inner);
    } else if (root["error"].get(inner) == simdjson::SUCCESS) {
      if (inner["message"].get(message) != simdjson::SUCCESS) message = "failed";
      end_ = fail(Errc::io, std::string(message));
    } else {
      store::Step step;
      if (root["done"].get(step.done) != simdjson::SUCCESS ||
          root["total"].get(step.total) != simdjson::SUCCESS ||
          root["unit"].get(unit) != simdjson::SUCCESS ||
          root["what"].get(what) != simdjson::SUCCESS)
        return;
      step.unit = unit;
      step.what = what;
      progress_(step);
    }
  }

  const store::Progress& progress_;
  const std::stop_token& stop_;
  std::string rest_;
  std::optional<Task> end_;
};

Task refused(const http::Answer& answer) {
  return fail(Errc::denied,
              "the server says (" + std::to_string(answer.status) + "): " + answer.body);
}

// Another server may have taken the address since.
Result<void> check_store(const Command& command, const std::string& stats) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::string_view theirs;
  std::error_code ignored;
  if (parser.parse(stats).get(root) == simdjson::SUCCESS &&
      root["directory"].get(theirs) == simdjson::SUCCESS &&
      fs::weakly_canonical(std::string(theirs), ignored) ==
          fs::weakly_canonical(command.store, ignored))
    return {};
  return fail(Errc::busy, command.config.data + ": a program has the store open, but the server " +
                              "found has another store; name the right one with --url");
}

Task there(const Command& command, const store::Progress& progress, const std::stop_token& stop) {
  const auto url = url_of(command);
  if (!url) return fail(url.error());
  http::ClientOptions options;
  options.url = *url;
  options.ca_file = command.flags.ca_file;
  const auto client = http::Client::create(options);
  if (!client) return fail(client.error());
  const auto stats = (*client)->get("/api/v1/store/stats");
  if (!stats) return fail(stats.error());
  if (stats->status != 200) return refused(*stats);
  if (command.flags.url.empty())
    if (auto same = check_store(command, stats->body); !same) return fail(same.error());
  if (command.name == "stats") return stats->body;
  std::string target = "/api/v1/store/" + command.name;
  if (command.name == "backup") {
    target += "?directory=" + http::percent_encode(command.argument);
    if (command.flags.keep >= 0) target += "&keep=" + std::to_string(command.flags.keep);
  }
  Lines lines(progress, stop);
  const auto answer = (*client)->post_stream(
      target, "", {}, [&](std::string_view part) { return lines.take(part); });
  if (!answer) return fail(answer.error());
  if (answer->status != 200) return refused(*answer);
  return lines.end();
}

Task run(const Command& command, const store::Progress& progress, const std::stop_token& stop) {
  if (command.name == "restore") return restored(command, progress, stop);
  if (command.flags.url.empty()) {
    if (auto done = here(command, progress, stop)) return *std::move(done);
  }
  return there(command, progress, stop);
}

std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int show(const Command& command, const Task& result) {
  if (command.flags.json) {
    std::fputs(query::end_line(result).c_str(), stdout);
  } else if (result) {
    const auto text = store_text(command.name, *result);
    if (!text) {
      std::fprintf(stderr, "logboom store %s: %s\n", command.name.c_str(),
                   text.error().message.c_str());
      return kFailed;
    }
    std::fputs(text->c_str(), stdout);
  } else {
    std::fprintf(stderr, "logboom store %s: %s\n", command.name.c_str(),
                 result.error().message.c_str());
  }
  if (result) return command.name == "verify" && bad_values(*result) > 0 ? kFailed : 0;
  if (result.error().code == Errc::cancelled) return kStopped;
  return result.error().code == Errc::invalid ? kUsage : kFailed;
}

}  // namespace

int run_store(const std::vector<std::string>& arguments) {
  const auto asks_help = [](const std::string& word) { return word == "--help" || word == "-h"; };
  if (arguments.empty() || std::ranges::any_of(arguments, asks_help) ||
      arguments.front() == "help") {
    Flags flags;
    const auto page = std::string(kHelp) + table_of(flags).help();
    std::fputs(page.c_str(), arguments.empty() ? stderr : stdout);
    return arguments.empty() ? kUsage : 0;
  }
  const auto command = parse(arguments);
  if (!command) {
    std::fprintf(stderr, "logboom store: %s\n`logboom store --help` lists commands and flags\n",
                 command.error().message.c_str());
    return command.error().code == Errc::invalid ? kUsage : kFailed;
  }
  const bool json = command->flags.json;
  const auto form = json                    ? ProgressForm::json
                    : isatty(STDERR_FILENO) ? ProgressForm::terminal
                                            : ProgressForm::plain;
  std::FILE* const out = json ? stdout : stderr;
  ProgressLine line(
      form,
      [out](std::string_view text) {
        std::fwrite(text.data(), 1, text.size(), out);
        std::fflush(out);
      },
      &steady_ns);
  const auto result =
      run(*command, [&line](const store::Step& step) { line.tell(step); }, interrupted());
  line.clear();
  return show(*command, result);
}

}  // namespace logboom::deploy
