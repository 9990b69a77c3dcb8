#include "deploy/config.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "core/labels.h"

namespace logboom::deploy {
namespace {

// /var/lib/NAME for root, else the user's state directory.
std::string default_directory(const std::string& name) {
  if (geteuid() == 0) return "/var/lib/" + name;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0') {
    return std::string(state) + "/" + name;
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "/tmp") + "/.local/state/" + name;
}

void range(OptionTable::Row& row, std::int64_t least, std::int64_t most) {
  row.least = least;
  row.most = most;
}

void add_server_rows(OptionTable& table, Config& c) {
  table.add("server.listen", "--listen", &c.listen, "ADDRESS:PORT",
            "Where to serve the web page, the API and Loki's API; port 0 takes any free one");
  table.add("server.certificate", "--certificate", &c.certificate_file, "FILE",
            "Serve TLS with this certificate chain (PEM); needs --key");
  table.add("server.key", "--key", &c.key_file, "FILE", "The certificate's private key (PEM)");
  range(
      table.add("server.workers", "--workers", &c.workers, "N",
                "Threads for requests, queries and commits; 0 takes four per core, at least eight"),
      0, 512);
}

void add_store_rows(OptionTable& table, Config& c) {
  table.add(
      "store.data", "--data", &c.data, "DIR",
      "Where everything is kept; empty: /var/lib/logboom for root, else ~/.local/state/logboom");
  range(table.add("store.retention_days", "--retention-days", &c.retention_days, "DAYS",
                  "How long lines are kept, counted from the day they were stored"),
        1, 90);
  table.add("store.seal_bytes", "--seal-bytes", &c.seal_bytes, "SIZE",
            "A tool's new lines are packed into a block at this size");
  range(table.add("store.seal_age", "--seal-age", &c.seal_age, "TIME",
                  "... or when the oldest of them is this old"),
        1'000, 86'400'000);
  table.add("store.min_free", "--min-free", &c.min_free, "SIZE",
            "With less free space on the disk new lines are refused; collectors wait");
  table.add("backup.dir", "--backup-dir", &c.backup_dir, "DIR",
            "Where the server may write backups, best on another disk; empty: nowhere");
  range(table.add("backup.every", "--backup-every", &c.backup_every, "TIME",
                  "Make a backup there so often by itself; 0: never"),
        0, 31 * 86'400'000LL);
  range(table.add("backup.keep", "--backup-keep", &c.backup_keep, "N",
                  "How many of them stay: older ones go once a new one is made"),
        1, 10'000);
}

void add_kafka_rows(OptionTable& table, Config& c, Role role) {
  table.add("kafka.brokers", "--kafka", &c.brokers, "HOST:PORT,...",
            role == Role::serve ? "Take lines from Kafka, and put pushed ones there first"
                                : "Ship through Kafka");
  table.add("kafka.topic", "--topic", &c.topic, "NAME", "The topic of the lines");
  range(
      table.add("kafka.partitions", "--partitions", &c.partitions, "N",
                "Partitions of the topic where it has to be made; an existing one stays as it is"),
      1, 10'000);
  table.add("kafka.properties", "--kafka-property", &c.kafka_properties, "NAME=VALUE",
            "Any property of librdkafka, e.g. security.protocol=SSL; repeatable");
}

void add_collector_rows(OptionTable& table, Config& c) {
  table.add("collect.pod_logs", "--pod-logs", &c.pod_logs, "DIR",
            "The tree of container logs: <namespace>_<pod>_<uid>/<container>/N.log");
  table.add("collect.files", "--file", &c.files, "[TOOL/][JOB=]GLOB",
            "Follow these plain files, e.g. mytool/backup=/var/log/backup*.log; repeatable");
  table.add("collect.spool", "--spool", &c.spool, "DIR",
            "Where `logs run` leaves its runs on this machine (LOGS_SPOOL); empty: "
            "/var/spool/logboom for root, else ~/.local/state/logs/spool");
  table.add("collect.crontabs", "--crontabs", &c.crontabs, "DIR",
            "The root below which cron's tables lie (etc/crontab, etc/cron.d, "
            "var/spool/cron/crontabs): what should run is known from them; empty reads none");
  table.add("collect.node", "--node", &c.node, "NAME",
            "This machine's name in its lines; empty takes the host name");
  table.add(
      "collect.fallback_tool", "--fallback-tool", &c.fallback_tool, "TOOL",
      "Whose lines are those of namespaces not named tool-<tool>, and of files without a tool");
  table.add("collect.max_unacked", "--max-unacked", &c.max_unacked, "SIZE",
            "Reading waits while this much is not yet acknowledged");
  range(table.add("collect.rescan", "--rescan", &c.rescan, "TIME",
                  "How often directories are listed beside inotify"),
        100, 3'600'000);
  range(table.add("collect.max_open_files", "--max-open-files", &c.max_open_files, "N",
                  "Files kept open at once"),
        16, 1'000'000);
}

void add_alert_rows(OptionTable& table, Config& c) {
  table.add("alerts.recipients", "--notify", &c.recipients, "WHOSE=WHO",
            "Who hears of jobs that start to fail, miss their time, freeze or recover: "
            "[*|TOOL][/JOB][:KIND]=mailto:ADDRESS, irc:#CHANNEL or none; {tool} in an address is "
            "replaced; repeatable");
  table.add("alerts.smtp", "--smtp", &c.smtp, "URL",
            "Send mail through smtp[s]://HOST:PORT; smtp:// takes STARTTLS where it is offered");
  table.add("alerts.smtp_tls", "--smtp-tls", &c.smtp_tls, "", "Refuse smtp:// without STARTTLS");
  table.add("alerts.smtp_user", "--smtp-user", &c.smtp_user, "NAME", "Log in there as");
  table.add("alerts.smtp_password_file", "--smtp-password-file", &c.smtp_password_file, "FILE",
            "... with the password in this file");
  table.add("alerts.smtp_ca_file", "--smtp-ca-file", &c.smtp_ca_file, "FILE",
            "Trust this certificate authority (PEM) instead of the system's");
  table.add("alerts.mail_from", "--mail-from", &c.mail_from, "ADDRESS",
            "The sender of mails; its domain names messages and lists");
  table.add("alerts.mail_bounces", "--mail-bounces", &c.mail_bounces, "ADDRESS",
            "Where undeliverable mail goes instead; {id} in it becomes the message's id");
  table.add("alerts.irc", "--irc", &c.irc, "URL",
            "Speak on this server, irc[s]://[NICK@]HOST[:PORT]");
  table.add("alerts.irc_user", "--irc-user", &c.irc_user, "NAME", "Log in there by SASL as");
  table.add("alerts.irc_password_file", "--irc-password-file", &c.irc_password_file, "FILE",
            "... with the password in this file");
  table.add("alerts.irc_ca_file", "--irc-ca-file", &c.irc_ca_file, "FILE",
            "Trust this certificate authority (PEM) instead of the system's");
  table.add("alerts.base_url", "--base-url", &c.base_url, "URL",
            "Where people reach this server's page, for links in messages");
  range(table.add("alerts.frozen_after", "--frozen-after", &c.frozen_after, "TIME",
                  "A run without output and CPU for so long, and for three times its job's "
                  "longest pause, is frozen"),
        1'000, 86'400'000);
  range(table.add("alerts.lost_after", "--lost-after", &c.lost_after, "TIME",
                  "A run whose node gave no sign of life for so long has never ended"),
        10'000, 86'400'000);
  range(table.add("alerts.tick_grace", "--tick-grace", &c.tick_grace, "TIME",
                  "How late a run may begin where its check does not say"),
        1'000, 86'400'000);
  range(table.add("alerts.messages_per_hour", "--messages-per-hour", &c.messages_per_hour, "N",
                  "More of one tool come in one digest"),
        1, 10'000);
}

}  // namespace

OptionTable options_of(Role role, Config& c) {
  OptionTable table;
  const bool serve = role == Role::serve;
  if (serve) {
    c.fallback_tool = "local";
    add_server_rows(table, c);
    add_store_rows(table, c);
    table.add("collect.enabled", "--collect", &c.collect, "",
              "Also collect this machine's logs; --no-collect serves only");
    add_alert_rows(table, c);
  } else {
    table.add("collect.server", "--server", &c.server, "URL",
              "Ship straight to this server, e.g. http://logs.example.org:3100");
    table.add("collect.token", "--token", &c.token, "TOKEN",
              "Sent to the server as Authorization: Bearer; better set in the config file");
    table.add("collect.ca_file", "--ca-file", &c.ca_file, "FILE",
              "Trust this certificate authority (PEM) instead of the system's");
    table.add("collect.state", "--state", &c.state, "DIR",
              "Where the collector remembers how far it has read (lose it and lines come twice); "
              "empty: /var/lib/logboom-collector for root, else ~/.local/state/logboom-collector");
  }
  add_kafka_rows(table, c, role);
  add_collector_rows(table, c);
  table.add("log.level", "--log-level", &c.log_level, "LEVEL", "debug, info, warn, error or off");
  return table;
}

Result<Command> load(Role role, Config& config, const std::vector<std::string>& arguments) {
  OptionTable table = options_of(role, config);
  std::string file;
  table.add("", "--config", &file, "FILE", "Read this YAML file first");
  auto first = table.parse(arguments);
  if (!first) return fail(std::move(first).error());
  if (first->help) return Command{.help = true};
  if (!first->rest.empty()) {
    return fail(Errc::invalid, "unexpected argument '" + first->rest.front() + "'");
  }
  if (!file.empty()) {
    // The file goes below the command line, so everything is read again on top of it.
    const std::string path = file;
    config = Config{};
    OptionTable again = options_of(role, config);
    again.add("", "--config", &file, "FILE", "");
    if (auto loaded = again.load_file(path); !loaded) return fail(std::move(loaded).error());
    if (auto parsed = again.parse(arguments); !parsed) return fail(std::move(parsed).error());
  }
  if (config.data.empty()) config.data = default_directory("logboom");
  if (config.state.empty()) config.state = default_directory("logboom-collector");
  if (config.spool.empty()) {
    config.spool = geteuid() == 0 ? "/var/spool/logboom" : default_directory("logs/spool");
  }
  return Command{};
}

namespace {

Result<void> check_backups(const Config& config) {
  if (config.backup_every.count() != 0 && config.backup_every < std::chrono::minutes(1))
    return fail(Errc::invalid, "--backup-every: at least a minute, or 0 for never");
  if (config.backup_every.count() != 0 && config.backup_dir.empty())
    return fail(Errc::invalid, "--backup-every needs a place for the backups: --backup-dir DIR");
  if (!config.backup_dir.empty() && !config.backup_dir.starts_with('/'))
    return fail(Errc::invalid,
                "--backup-dir " + config.backup_dir + ": write the whole path, /...");
  return {};
}

}  // namespace

Result<void> check(Role role, const Config& config) {
  auto bad = [](std::string text) { return fail(Errc::invalid, std::move(text)); };
  if (role == Role::serve) {
    const std::size_t colon = config.listen.rfind(':');
    const std::string_view port =
        colon == std::string::npos ? "" : std::string_view(config.listen).substr(colon + 1);
    if (colon == 0 || port.empty() || port.find_first_not_of("0123456789") != port.npos) {
      return bad("--listen " + config.listen +
                 ": write ADDRESS:PORT, as in 127.0.0.1:3100 or [::1]:3100");
    }
    if (config.certificate_file.empty() != config.key_file.empty()) {
      return bad("TLS needs both files: --certificate FILE and --key FILE");
    }
    if (auto good = check_backups(config); !good) return good;
  } else if (config.server.empty() && config.brokers.empty()) {
    return bad("where to? give --server URL or --kafka HOST:PORT");
  } else if (!config.server.empty() && !config.brokers.empty()) {
    return bad("--server and --kafka are two ways out; give one");
  } else if (config.brokers.empty() && !config.server.starts_with("http://") &&
             !config.server.starts_with("https://")) {
    return bad("--server " + config.server + ": must begin with http:// or https://");
  }
  if (!config.fallback_tool.empty()) {
    if (auto name = check_tool_name(config.fallback_tool); !name) {
      return fail(std::move(name).error().in("--fallback-tool"));
    }
  }
  for (const auto& text : config.files) {
    if (auto file = parse_file_option(text); !file) return fail(std::move(file).error());
  }
  if (auto pairs = properties(config.kafka_properties); !pairs) {
    return fail(std::move(pairs).error());
  }
  static const std::vector<std::string> kLevels{"debug", "info", "warn", "error", "off"};
  if (std::ranges::find(kLevels, config.log_level) == kLevels.end()) {
    return bad("--log-level " + config.log_level + ": use debug, info, warn, error or off");
  }
  return {};
}

Result<FileOption> parse_file_option(std::string_view text) {
  FileOption option;
  std::string_view rest = text;
  const std::size_t equals = rest.find('=');
  // An '=' inside an absolute path belongs to the path.
  if (!rest.starts_with('/') && equals != rest.npos) {
    std::string_view names = rest.substr(0, equals);
    rest.remove_prefix(equals + 1);
    if (const std::size_t slash = names.find('/'); slash != names.npos) {
      option.tool = names.substr(0, slash);
      names.remove_prefix(slash + 1);
      if (auto name = check_tool_name(option.tool); !name) {
        return fail(std::move(name).error().in("--file " + std::string(text)));
      }
    }
    option.job = names;
  }
  if (!rest.starts_with('/')) {
    return fail(Errc::invalid, "--file " + std::string(text) +
                                   ": the path must be absolute, as in TOOL/JOB=/var/log/x*.log");
  }
  option.glob = rest;
  return option;
}

std::string options_page() {
  std::string page =
      "# Options\n\nMade by `logboom options`; a test holds it equal to the table in "
      "`deploy/config.cc`.\nKeys go into the YAML file given with `--config`; "
      "`logboom check-config FILE` reads it without starting.\n";
  for (const Role role : {Role::serve, Role::collect}) {
    Config config;
    const OptionTable table = options_of(role, config);
    page += std::string("\n## logboom ") + (role == Role::serve ? "serve" : "collect") + "\n\n" +
            table.markdown();
  }
  return page;
}

Result<std::map<std::string, std::string>> properties(const std::vector<std::string>& pairs) {
  std::map<std::string, std::string> out;
  for (const auto& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Errc::invalid, "kafka.properties: '" + pair + "' is not NAME=VALUE");
    }
    out[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return out;
}

}  // namespace logboom::deploy
