#include "collector/cron_checks.h"

#include <dirent.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

#include "collector/node_events.h"
#include "collector/tool_of_user.h"
#include "core/cron_schedule.h"
#include "core/log.h"
#include "core/metrics.h"
#include "core/time.h"

namespace logboom::collector {
namespace {

constexpr std::chrono::milliseconds kSettle{100};  // an editor writes a file in several steps
constexpr std::size_t kMaxComplaints = 1'000;

metrics::Counter& bad_lines() {
  static auto& counter = metrics::counter("logboom_collector_crontab_errors_total",
                                          "Lines of crontabs not understood");
  return counter;
}
metrics::Gauge& checks_known() {
  static auto& gauge =
      metrics::gauge("logboom_collector_checks", "Entries of crontabs that run through logs");
  return gauge;
}

std::string below(const std::string& root, const std::string& path) {
  return (root == "/" ? "" : root) + path;
}

// What cron takes for a crontab in cron.d.
bool plain_name(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
}

bool may_choose(const std::string& user) {
  if (user == "root") return true;
  std::array<char, 4096> space{};
  passwd entry{};
  passwd* found = nullptr;
  return ::getpwnam_r(user.c_str(), &entry, space.data(), space.size(), &found) == 0 &&
         found != nullptr && is_trusted(found->pw_uid);
}

}  // namespace

std::string system_zone(const std::string& root) {
  constexpr std::string_view kDatabase = "zoneinfo/";
  std::array<char, PATH_MAX> target{};
  const auto link = below(root, "/etc/localtime");
  const auto size = ::readlink(link.c_str(), target.data(), target.size());
  const std::string_view path(target.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  std::string zone;
  if (const auto at = path.find(kDatabase); at != std::string_view::npos) {
    zone = path.substr(at + kDatabase.size());
  } else {
    std::getline(std::ifstream(below(root, "/etc/timezone")), zone);
  }
  return zone_known(zone) ? zone : "";
}

CronChecks::CronChecks(Settings settings)
    : settings_(std::move(settings)), file_(settings_.state_file) {
  if (settings_.state_file.empty()) return;
  for (const auto& row : file_.load()) {
    if (row.size() == 3 && row[0] == "check") from_before_.emplace(row[1], row[2]);
  }
}

void CronChecks::look(Clock::time_point now) {
  if (settings_.root.empty() && from_before_.empty()) return;
  for (const auto& event : watcher_.read()) {
    if (event.what == Watcher::Event::What::self_removed ||
        event.what == Watcher::Event::What::self_moved) {
      watcher_.forget(event.path);
    }
    if (!std::exchange(wants_scan_, true)) not_before_ = now + kSettle;
  }
  if (now < next_scan_ && (!wants_scan_ || now < not_before_)) return;
  wants_scan_ = false;
  next_scan_ = now + settings_.rescan_interval;
  scan();
}

void CronChecks::scan() {
  std::set<std::string> seen;
  if (!settings_.root.empty()) {
    watcher_.watch_directory(below(settings_.root, "/etc"));
    read_table(below(settings_.root, "/etc/crontab"), "", seen);
    scan_directory("/etc/cron.d", false, seen);
    scan_directory("/var/spool/cron/crontabs", true, seen);
  }
  std::erase_if(tables_, [&](const auto& table) { return !seen.contains(table.first); });
  tell(expected());
}

void CronChecks::scan_directory(const std::string& name, bool of_users,
                                std::set<std::string>& seen) {
  const auto directory = below(settings_.root, name);
  watcher_.watch_directory(directory);
  const std::unique_ptr<DIR, int (*)(DIR*)> names(::opendir(directory.c_str()), &::closedir);
  if (!names) {
    if (errno == ENOENT) return;
    troubles_.note(directory, std::strerror(errno));
    for (const auto& [path, table] : tables_) {  // what was known of it holds
      if (path.starts_with(directory + "/")) seen.insert(path);
    }
    return;
  }
  std::vector<std::string> files;
  while (const auto* entry = ::readdir(names.get())) {
    const std::string file = entry->d_name;
    if (file.starts_with('.') || entry->d_type == DT_DIR) continue;
    if (of_users ? file.starts_with("tmp.") : !plain_name(file)) continue;
    if (files.size() + tables_.size() >= kMaxTables) {
      troubles_.note(directory, "too many crontabs: the rest is left out");
      break;
    }
    files.push_back(file);
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    read_table(directory + "/" + file, of_users ? file : "", seen);
  }
}

void CronChecks::read_table(const std::string& path, const std::string& owner,
                            std::set<std::string>& seen) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
    if (errno != ENOENT && tables_.contains(path)) seen.insert(path);
    return;
  }
  seen.insert(path);
  auto& table = tables_[path];
  const auto changed = status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
  const auto inode = static_cast<std::int64_t>(status.st_ino);
  if (table.changed_ns == changed && table.inode == inode && table.size == status.st_size) return;
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxCrontab + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file && !file.eof()) {
    troubles_.note(path, "cannot be read");
    return;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  table = {changed, inode, status.st_size, parse_crontab(text, owner)};
  for (const auto& [line, what] : table.crontab.bad) {
    bad_lines().add();
    once(path + ":" + std::to_string(line) + ":" + what, path, line, what);
  }
}

std::map<CronChecks::Name, RunEvent> CronChecks::expected() {
  std::map<Name, RunEvent> checks;
  const auto zone = system_zone(settings_.root);
  const auto now = now_ns();
  for (const auto& [path, table] : tables_) {
    for (const auto& entry : table.crontab.entries) {
      const auto run = expected_run(entry);
      if (!run || run->job.empty() || run->job.size() > kMaxJob || checks.size() >= kMaxChecks) {
        continue;
      }
      const auto tool =
          tool_of_user(entry.user, may_choose(entry.user), run->tool, settings_.fallback_tool);
      auto check = make_event(RunEvent::Kind::check, now, {}, run->job);
      check.command = entry.command.substr(0, kMaxCommand);
      check.node = settings_.node;
      check.user = entry.user;
      check.schedule = entry.schedule;
      check.zone = zone;
      const auto shown = path.substr(settings_.root == "/" ? 0 : settings_.root.size());
      check.origin = shown + ":" + std::to_string(entry.line);
      const auto [other, fresh] = checks.emplace(Name(tool, run->job), check);
      if (!fresh) {
        once("same:" + tool + "/" + run->job + ":" + check.origin, path, entry.line,
             "another entry of " + tool + " (" + other->second.origin + ") makes the job " +
                 run->job + " too: name one of them with #job: NAME at its end");
      }
    }
  }
  return checks;
}

void CronChecks::tell(std::map<Name, RunEvent> now) {
  bool changed = std::exchange(first_, false);
  const auto gone = [&](const Name& name) {
    settings_.emit(name.first, make_event(RunEvent::Kind::check_gone, now_ns(), {}, name.second));
    changed = true;
  };
  for (auto& [name, check] : now) {
    from_before_.erase(name);
    const auto before = told_.find(name);
    if (before != told_.end()) {
      auto same = before->second;
      same.time_ns = check.time_ns;
      if (same == check) {
        check.time_ns = before->second.time_ns;
        continue;
      }
    }
    settings_.emit(name.first, check);
    changed = true;
  }
  for (const auto& [name, check] : told_) {
    if (!now.contains(name)) gone(name);
  }
  for (const auto& name : std::exchange(from_before_, {})) gone(name);
  told_ = std::move(now);
  checks_known().set(static_cast<std::int64_t>(told_.size()));
  if (!changed || settings_.state_file.empty()) return;
  StateRows rows;
  for (const auto& [name, check] : told_) rows.push_back({"check", name.first, name.second});
  if (auto saved = file_.save(rows); !saved) {
    troubles_.note(settings_.state_file, saved.error().message);
  }
}

void CronChecks::once(const std::string& key, const std::string& path, int line,
                      const std::string& what) {
  if (complained_.size() >= kMaxComplaints || !complained_.insert(key).second) return;
  log::warn("crontab entry not understood", {{"path", path}, {"line", line}, {"what", what}});
}

}  // namespace logboom::collector
