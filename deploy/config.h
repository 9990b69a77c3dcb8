// Every option of `logboom`, in one table: it feeds the config file, the command line, --help, the
// defaults and OPTIONS.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/options.h"

namespace logboom::deploy {

// Which command a row belongs to: `logboom collect --help` shows what collect reads, and no more.
enum class Role : std::uint8_t { serve, collect };

struct Config {
  std::string log_level = "info";

  std::string listen = "127.0.0.1:3100";
  std::string certificate_file, key_file;
  std::int64_t workers = 0;  // 0: chosen from the number of cores

  std::string data;  // load() fills an empty one in, by who we are
  ByteSize seal_bytes{4 << 20};
  std::chrono::milliseconds seal_age{std::chrono::minutes(5)};
  std::int64_t retention_days = 30;
  ByteSize min_free{256 << 20};
  std::string backup_dir;                     // empty: no backups by the server
  std::chrono::milliseconds backup_every{0};  // 0: never
  std::int64_t backup_keep = 7;

  std::string brokers;
  std::string topic = "logboom.logs";
  std::int64_t partitions = 12;
  std::vector<std::string> kafka_properties;  // NAME=VALUE

  bool collect = true;  // only `serve`
  std::string server;   // only `collect`
  std::string token, ca_file;
  std::string state;  // collect; serve keeps it inside `data`
  std::string pod_logs = "/var/log/pods";
  std::vector<std::string> files;  // [TOOL/]JOB=GLOB or GLOB
  std::string spool;               // load() fills an empty one in, by who we are
  std::string crontabs = "/";
  std::string node;  // the host's name where empty
  std::string fallback_tool;
  ByteSize max_unacked{32 << 20};
  std::chrono::milliseconds rescan{10'000};
  std::int64_t max_open_files = 4096;

  // Telling people; only `serve`.
  std::string smtp, mail_from, mail_bounces, smtp_user, smtp_password_file, smtp_ca_file;
  bool smtp_tls = false;
  std::string irc, irc_user, irc_password_file, irc_ca_file;
  std::vector<std::string> recipients;
  std::string base_url;
  std::chrono::milliseconds frozen_after{std::chrono::minutes(10)};
  std::chrono::milliseconds lost_after{std::chrono::minutes(5)};
  std::chrono::milliseconds tick_grace{std::chrono::minutes(5)};
  std::int64_t messages_per_hour = 20;
};

// The rows of one role, bound to `config`, which must outlive the table.
[[nodiscard]] OptionTable options_of(Role role, Config& config);

// --config FILE is read first, then the rest of the command line over it.
struct Command {
  bool help = false;
};
[[nodiscard]] Result<Command> load(Role role, Config& config,
                                   const std::vector<std::string>& arguments);

// What no single row can say: TLS needs both files, collect needs somewhere to ship to, names and
// pairs have a shape. Errors: invalid, naming the option.
[[nodiscard]] Result<void> check(Role role, const Config& config);

// All rows of all roles, as the page OPTIONS.md.
[[nodiscard]] std::string options_page();

// One of `collect.files`: [TOOL/][JOB=]GLOB taken apart.
struct FileOption {
  std::string tool, job, glob;  // tool and job may be empty
};
[[nodiscard]] Result<FileOption> parse_file_option(std::string_view text);

// NAME=VALUE pairs. Errors: invalid, naming the pair.
[[nodiscard]] Result<std::map<std::string, std::string>> properties(
    const std::vector<std::string>& pairs);

}  // namespace logboom::deploy
