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
  complete_ = true;
  if (!settings_.root.empty()) {
    watcher_.watch_directory(below(settings_.root, "/etc"));
    read_table(below(settings_.root, "/etc/crontab"), "", seen);
    scan_directory("/etc/cron.d", false, seen);
    scan_directory("/var/spool/cron/crontabs", true, seen);
  }
  const auto lost =
      std::erase_if(tables_, [&](const auto& table) { return !seen.contains(table.first); });
  const auto zone = system_zone(settings_.root);
  const bool moved = std::exchange(zone_, zone) != zone;
  if (lost > 0 || moved || changed_ || untold_ || !from_before_.empty()) tell(expected());
  changed_ = false;
  if (unsaved_) save();
}

void CronChecks::scan_directory(const std::string& name, bool of_users,
                                std::set<std::string>& seen) {
  const auto directory = below(settings_.root, name);
  watcher_.watch_directory(directory);
  const std::unique_ptr<DIR, int (*)(DIR*)> names(::opendir(directory.c_str()), &::closedir);
  if (!names) {
    if (errno == ENOENT) return;
    trouble(directory, std::strerror(errno));
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
    if (files.size() + seen.size() >= kMaxTables) {
      trouble(directory, "too many crontabs: the rest is left out");
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
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return;
    trouble(path, std::strerror(errno));
    seen.insert(path);  // what was known of it holds
    return;
  }
  if (!S_ISREG(status.st_mode)) {  // cron passes over it too
    once("crontab passed over", path, "not a regular file");
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
    trouble(path, "cannot be read");
    return;
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  table = {changed, inode, status.st_size, {}};
  take(table, parse_crontab(text, owner), path);
  changed_ = true;
}

void CronChecks::take(Table& table, const Crontab& crontab, const std::string& path) {
  const auto shown = path.substr(settings_.root == "/" ? 0 : settings_.root.size());
  for (const auto& [line, what] : crontab.bad) {
    bad_lines().add();
    once("crontab entry not understood", shown + ":" + std::to_string(line), what);
  }
  for (const auto& entry : crontab.entries) {
    const auto run = expected_run(entry);
    if (!run || run->job.empty() || run->job.size() > kMaxJob) continue;
    auto check = make_event(RunEvent::Kind::check, 0, {}, run->job);
    check.command = entry.command.substr(0, kMaxCommand);
    check.node = settings_.node;
    check.user = entry.user;
    check.schedule = entry.schedule;
    check.origin = shown + ":" + std::to_string(entry.line);
    table.checks.emplace_back(
        Name(tool_of_user(entry.user, may_choose(entry.user), run->tool, settings_.fallback_tool),
             run->job),
        std::move(check));
  }
}

CronChecks::Checks CronChecks::expected() {
  Checks checks;
  for (const auto& [path, table] : tables_) {
    for (const auto& [name, check] : table.checks) {
      if (checks.size() >= kMaxChecks) return checks;
      const auto [first, fresh] = checks.emplace(name, check);
      first->second.zone = zone_;
      if (fresh) continue;
      once("crontab entries of one job's name: only the first counts", check.origin,
           "another entry of " + name.first + " (" + first->second.origin + ") makes the job " +
               name.second + " too: name one of them with #job: NAME at its end");
    }
  }
  return checks;
}

// What cannot be told now stays as it was told before, so that it is told at a later look. After
// the first that cannot, nothing more is tried.
void CronChecks::tell(const Checks& now) {
  untold_ = false;
  for (const auto& [name, check] : now) {
    const auto before = told_.find(name);
    if (before != told_.end() && before->second == check) continue;
    if (!emit(name, check)) break;
    told_.insert_or_assign(name, check);
    from_before_.erase(name);
  }
  const auto gone = [&](const Name& name) {
    return !untold_ && !now.contains(name) &&
           emit(name, make_event(RunEvent::Kind::check_gone, 0, {}, name.second));
  };
  std::erase_if(told_, [&](const auto& entry) { return gone(entry.first); });
  if (complete_) std::erase_if(from_before_, gone);
  checks_known().set(static_cast<std::int64_t>(told_.size()));
}

bool CronChecks::emit(const Name& name, RunEvent event) {
  event.time_ns = now_ns();
  const bool told = settings_.emit(name.first, std::move(event));
  unsaved_ = unsaved_ || told;
  untold_ = untold_ || !told;
  return told;
}

void CronChecks::save() {
  unsaved_ = false;
  if (settings_.state_file.empty()) return;
  StateRows rows;
  for (const auto& [name, check] : told_) rows.push_back({"check", name.first, name.second});
  for (const auto& name : from_before_) rows.push_back({"check", name.first, name.second});
  if (auto saved = file_.save(rows); !saved) {
    troubles_.note(settings_.state_file, saved.error().message);
  }
}

void CronChecks::trouble(const std::string& path, const std::string& what) {
  complete_ = false;
  troubles_.note(path, what);
}

void CronChecks::once(std::string_view message, const std::string& origin,
                      const std::string& what) {
  if (complained_.size() >= kMaxComplaints || !complained_.insert(origin + ":" + what).second) {
    return;
  }
  log::warn(message, {{"origin", origin}, {"what", what}});
}

}  // namespace logboom::collector
