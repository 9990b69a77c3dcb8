#include "collector/container_runs.h"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "collector/node_events.h"
#include "collector/pod_logs.h"
#include "core/time.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTendInterval{50}, kGroupInterval{200};
constexpr seconds kCheckInterval{1}, kDoneInterval{10}, kSaveInterval{1}, kLongestGroupInterval{5};
// For conmon, which is there at once or never: each search after an eighth of the time since a
// container came.
constexpr milliseconds kSearchInterval{200};
constexpr seconds kLongestSearchInterval{300}, kStrayTime{10};
constexpr int kSearchShare = 8;
constexpr seconds kGoneGrace{2};  // for an exit code that is still on its way
constexpr std::int64_t kMillisecond = 1'000'000;
constexpr int kSignalBase = 128, kLastSignal = 31, kKilled = 137;

// Close together at first, then ever further apart; each is a sign of life too.
seconds sample_interval(std::size_t taken) {
  if (taken < 24) return seconds{5};
  if (taken < 200) return seconds{15};
  if (taken < 600) return seconds{30};
  return taken < 950 ? seconds{120} : seconds{240};
}

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

bool exists(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0;
}

void keep_known(std::int64_t& value, std::int64_t newer) {
  if (newer >= 0) value = newer;
}

void take(RunEvent& event, const CgroupFacts& facts) {
  event.cpu_ms = facts.cpu_ms;
  event.throttled_ms = facts.throttled_ms;
  event.memory_bytes = facts.memory_bytes;
  event.memory_limit_bytes = facts.limit_bytes;
  event.oom_kills = facts.oom_kills;
  event.processes = facts.processes;
  event.read_bytes = facts.read_bytes;
  event.written_bytes = facts.written_bytes;
}

std::vector<std::string> row_of(std::string kind, const RunEvent& event) {
  std::vector<std::string> row{std::move(kind), std::to_string(event.time_ns)};
  for (const auto& [name, value] : fields(event)) {
    row.push_back(name);
    row.push_back(value);
  }
  return row;
}

template <class Number>
Number number(std::string_view text) {
  Number value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<RunEvent> event_of_row(const std::vector<std::string>& row) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (std::size_t i = 2; i + 1 < row.size(); i += 2) pairs.emplace_back(row[i], row[i + 1]);
  auto event = parse_run_event(number<std::int64_t>(row.size() > 1 ? row[1] : ""), pairs);
  return event ? std::optional(*std::move(event)) : std::nullopt;
}

}  // namespace

struct ContainerRuns::Run {
  std::string tool;
  std::string folder;  // <pod>/<container>
  std::int64_t instance = 0;
  State state = State::running;
  RunEvent start, end;

  std::shared_ptr<ContainerOutput> output = std::make_shared<ContainerOutput>();
  std::vector<std::uint64_t> sources;
  bool partial = false;  // a collector before this one read some of its output

  std::optional<Conmon> conmon;
  Cgroup cgroup;
  CgroupFacts facts;
  milliseconds group_interval = kGroupInterval;  // of looking for its control group
  std::size_t samples = 0;
  std::int64_t cpu_at_output = -1, output_ns = 0;
  Clock::time_point next_sample{}, next_check{}, gone_since{}, ending_since{};
};

std::int64_t instance_of(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);
  std::int64_t value = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  const std::string_view rest(end, static_cast<std::size_t>(name.data() + name.size() - end));
  return error == std::errc{} && value >= 0 && rest.starts_with(".log") ? value : -1;
}

ContainerRuns::ContainerRuns(Settings settings)
    : settings_(std::move(settings)), file_(settings_.state_file) {
  if (!settings_.state_file.empty()) load();
}

ContainerRuns::~ContainerRuns() = default;

void ContainerRuns::load() {
  Run* run = nullptr;
  for (const auto& row : file_.load()) {
    if (row.size() >= 9 && row[0] == "run" && runs_.size() < kMaxRuns) {
      auto fresh = std::make_unique<Run>();
      run = fresh.get();
      run->tool = row[2];
      run->folder = row[3];
      run->instance = number<std::int64_t>(row[4]);
      run->state = static_cast<State>(std::min(number<int>(row[5]), static_cast<int>(State::done)));
      run->partial = true;
      if (!row[6].empty()) {
        Conmon conmon{.pid = number<int>(row[7]),
                      .container = row[6],
                      .log = {},
                      .pid_file = row[8],
                      .exit_directory = row.size() > 9 ? row[9] : "",
                      .oom_directories = {},
                      .bundle = {}};
        for (std::size_t i = 10; i < row.size(); ++i) conmon.oom_directories.push_back(row[i]);
        run->conmon = std::move(conmon);
        by_container_[row[6]] = run;
        watcher_.watch_directory(run->conmon->exit_directory);
      }
      auto& newest = newest_[run->folder];
      newest = std::max(newest, run->instance);
      runs_[row[1]] = std::move(fresh);
    } else if (run != nullptr && !row.empty() && (row[0] == "start" || row[0] == "end")) {
      auto event = event_of_row(row);
      if (event) (row[0] == "start" ? run->start : run->end) = *std::move(event);
    }
  }
  for (const auto& [id, loaded] : runs_) {
    if (loaded->state == State::done) continue;
    to_emit_.emplace_back(loaded->tool, loaded->start);
    if (loaded->state == State::ended) to_emit_.emplace_back(loaded->tool, loaded->end);
  }
}

void ContainerRuns::save(Clock::time_point now) {
  changed_ = stale_ = false;
  next_save_ = now + kSaveInterval;
  if (settings_.state_file.empty()) return;
  StateRows rows;
  for (const auto& [id, run] : runs_) {
    const Conmon conmon = run->conmon.value_or(Conmon{});
    auto& row = rows.emplace_back(std::vector<std::string>{
        "run", id, run->tool, run->folder, std::to_string(run->instance),
        std::to_string(static_cast<int>(run->state)), conmon.container, std::to_string(conmon.pid),
        conmon.pid_file, conmon.exit_directory});
    row.insert(row.end(), conmon.oom_directories.begin(), conmon.oom_directories.end());
    if (run->state == State::done) continue;
    rows.push_back(row_of("start", run->start));
    if (run->state != State::running) rows.push_back(row_of("end", run->end));
  }
  if (auto saved = file_.save(rows); !saved) {
    troubles_.note(settings_.state_file, saved.error().message);
  }
}

void ContainerRuns::added(Source& source) {
  const auto& path = source.saved.origin_path;
  const auto id = run_id_of_instance(path);
  if (source.origin.format != Format::container || id.empty()) return;
  auto found = runs_.find(id);
  const auto birth = source.saved.identity.birth_ns;
  if (found == runs_.end()) {
    if (runs_.size() >= kMaxRuns) {
      troubles_.note(path, "too many containers: its runs are not recorded");
      return;
    }
    const auto pod = parse_pod_path(path);
    auto run = std::make_unique<Run>();
    run->tool = source.origin.tool;
    run->folder = parent_of(path);
    run->instance = instance_of(path);
    run->start =
        make_event(RunEvent::Kind::start, birth != 0 ? birth : now_ns(), id, job_of_pod(pod.pod));
    run->start.trigger = "container";
    run->start.node = settings_.node;
    run->start.pod = pod.pod;
    run->start.container = pod.container;
    auto& newest = newest_[run->folder];
    newest = std::max(newest, run->instance);
    to_emit_.emplace_back(run->tool, run->start);
    found = runs_.emplace(id, std::move(run)).first;
    changed_ = true;
    last_added_ = Clock::now();
    next_search_ = {};
  }
  auto& run = *found->second;
  if (run.state == State::running && birth != 0 && birth < run.start.time_ns) {
    run.start.time_ns = birth;  // an older file of the same instance
    to_emit_.emplace_back(run.tool, run.start);
    changed_ = true;
  }
  if (source.saved.mark.acked > 0) {
    run.partial = true;
    run.output->positions[source.id] = source.saved.mark.acked;
  }
  run.sources.push_back(source.saved.number);
  source.output = run.output;
}

void ContainerRuns::look(Clock::time_point now) {
  take_exits();
  if (!std::exchange(events_, false) && now < next_tend_ && !changed_) return;
  next_tend_ = now + kTendInterval;
  find_runtimes(now);
  for (auto at = runs_.begin(); at != runs_.end();) {
    auto& run = *at->second;
    tend(run, now);
    const bool forget = run.state == State::done && now >= run.next_check && !exists(run.folder);
    if (run.state == State::done && now >= run.next_check) run.next_check = now + kDoneInterval;
    if (forget) {
      if (run.conmon) by_container_.erase(run.conmon->container);
      newest_.erase(run.folder);  // which is gone
      stale_ = true;
    }
    at = forget ? runs_.erase(at) : std::next(at);
  }
  // What is known of a run is on disk before anybody is told, so that its end cannot be forgotten.
  if (changed_ || (stale_ && now >= next_save_)) save(now);
  // Once one is refused the rest waits behind it: no end is told before its start.
  const auto untold = std::ranges::find_if_not(
      to_emit_, [&](const auto& told) { return settings_.emit(told.first, told.second); });
  to_emit_.erase(to_emit_.begin(), untold);
}

void ContainerRuns::take_exits() {
  for (const auto& event : watcher_.read()) {
    events_ = true;
    if (event.what == Watcher::Event::What::self_removed) watcher_.forget(event.path);
    if (event.what != Watcher::Event::What::appeared) continue;
    const auto name = event.path.substr(event.path.rfind('/') + 1);
    if (name.find('.') != std::string::npos) continue;  // conmon's file before it has its name
    const auto code = read_exit_code(event.path);
    if (!code) continue;
    if (const auto run = by_container_.find(name); run != by_container_.end()) {
      end(*run->second, *code, now_ns(), "");
      continue;
    }
    if (stray_exits_.size() >= kMaxStrayExits) stray_exits_.erase(stray_exits_.begin());
    stray_exits_[name] = {*code, Clock::now()};
    next_search_ = {};
  }
}

void ContainerRuns::find_runtimes(Clock::time_point now) {
  if (now < next_search_) return;
  const bool wanted = std::ranges::any_of(runs_, [](const auto& entry) {
    return entry.second->state == State::running && !entry.second->conmon;
  });
  const auto share = std::chrono::floor<milliseconds>(now - last_added_) / kSearchShare;
  next_search_ = now + std::clamp<milliseconds>(share, kSearchInterval, kLongestSearchInterval);
  for (const auto& directory : settings_.exit_directories) watcher_.watch_directory(directory);
  std::erase_if(stray_exits_,
                [&](const auto& stray) { return now - stray.second.second > kStrayTime; });
  if (!wanted) return;
  for (const auto& conmon : find_conmons(settings_.proc)) {
    if (by_container_.contains(conmon.container)) continue;
    const auto run = runs_.find(run_id_of_instance(conmon.log));
    if (run == runs_.end() || run->second->conmon || run->second->state != State::running) continue;
    const bool ours = std::ranges::any_of(run->second->sources, [&](std::uint64_t number) {
      const auto* const source = settings_.find(number);
      const auto facts = look_at(conmon.log);
      return source != nullptr && facts && facts->identity.inode == source->saved.identity.inode &&
             facts->identity.device == source->saved.identity.device;
    });
    if (ours) attach(*run->second, conmon, now);
  }
}

void ContainerRuns::attach(Run& run, const Conmon& conmon, Clock::time_point now) {
  run.conmon = conmon;
  by_container_[conmon.container] = &run;
  watcher_.watch_directory(conmon.exit_directory);
  run.start.command = command_of_bundle(conmon.bundle).substr(0, kMaxCommand);
  to_emit_.emplace_back(run.tool, run.start);
  changed_ = true;
  run.next_sample = run.next_check = now;
  if (const auto stray = stray_exits_.extract(conmon.container)) {
    end(run, stray.mapped().first, now_ns(), "");
  } else if (const auto code = read_exit_code(conmon.exit_directory + "/" + conmon.container)) {
    end(run, *code, now_ns(), "");
  }
}

void ContainerRuns::tend(Run& run, Clock::time_point now) {
  if (run.state == State::running) {
    if (run.conmon && now >= run.next_sample) sample(run, now);
    if (now >= run.next_check) {
      run.next_check = now + kCheckInterval;
      look_for_end(run, now);
    }
  }
  if (run.state == State::ending) conclude(run, now);
}

void ContainerRuns::look_for_end(Run& run, Clock::time_point now) {
  if (run.conmon && runtime_lives(run)) {
    run.gone_since = {};
    return;
  }
  const auto exit_file =
      run.conmon ? run.conmon->exit_directory + "/" + run.conmon->container : std::string();
  if (const auto code = run.conmon ? read_exit_code(exit_file) : std::nullopt) {
    struct stat status{};
    const bool timed = ::stat(exit_file.c_str(), &status) == 0;
    const auto time =
        timed ? status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec
              : now_ns();
    end(run, *code, time, "");
    return;
  }
  const char* why = nullptr;
  if (superseded(run)) why = "its end was not seen: its next instance has begun";
  if (!exists(run.folder)) why = "its end was not seen: its log is gone";
  if (run.conmon) why = "its end was not seen: its conmon is gone";
  if (why == nullptr) {
    run.gone_since = {};
  } else if (run.gone_since == Clock::time_point{}) {
    run.gone_since = now;
  } else if (now - run.gone_since >= kGoneGrace) {
    const auto last = run.output->last_ns;
    end(run, -1, last != 0 ? last : now_ns(), why);
  }
}

// conmon forks once before it settles, so the process that was found may not be the one that stays.
bool ContainerRuns::runtime_lives(Run& run) {
  if (conmon_lives(*run.conmon, settings_.proc)) return true;
  const auto all = find_conmons(settings_.proc);
  const auto same = std::ranges::find(all, run.conmon->container, &Conmon::container);
  if (same == all.end()) return false;
  run.conmon->pid = same->pid;
  stale_ = true;
  return true;
}

bool ContainerRuns::superseded(const Run& run) const {
  const auto newest = newest_.find(run.folder);
  return newest != newest_.end() && newest->second > run.instance;
}

// A container without a group of its own would show its neighbours' figures.
bool ContainerRuns::find_group(Run& run) {
  if (run.cgroup.found() || !run.conmon) return run.cgroup.found();
  const auto& id = run.conmon->container;
  const int pid = read_pid(run.conmon->pid_file);
  auto cgroup = pid > 0 ? cgroup_of_process(pid) : Cgroup{};
  const bool own =
      cgroup.memory.find(id) != std::string::npos || cgroup.usage.find(id) != std::string::npos;
  if (own) run.cgroup = std::move(cgroup);
  return own;
}

void ContainerRuns::sample(Run& run, Clock::time_point now) {
  if (!find_group(run)) {
    run.next_sample = now + run.group_interval;
    run.group_interval = std::min<milliseconds>(run.group_interval * 2, kLongestGroupInterval);
    return;
  }
  run.next_sample = now + sample_interval(run.samples++);
  run.facts = read_cgroup(run.cgroup);
  const auto time = now_ns();
  auto event = make_event(RunEvent::Kind::sample, time, run.start.run, run.start.job);
  take(event, run.facts);
  if (run.output->last_ns != run.output_ns || run.cpu_at_output < 0) {
    run.output_ns = run.output->last_ns;
    run.cpu_at_output = run.facts.cpu_ms;
  }
  const auto quiet_since = std::max(run.output->last_ns, run.start.time_ns);
  event.quiet_ms = std::max<std::int64_t>(0, time - quiet_since) / kMillisecond;
  if (run.facts.cpu_ms >= 0) event.quiet_cpu_ms = run.facts.cpu_ms - run.cpu_at_output;
  (void)settings_.emit(run.tool, std::move(event));
}

// All but its output is known now. The control group lives some milliseconds longer than it.
void ContainerRuns::end(Run& run, int exit_code, std::int64_t time_ns, std::string message) {
  if (run.state != State::running) return;
  auto& facts = run.facts;
  if (find_group(run)) {
    const auto last = read_cgroup(run.cgroup);
    keep_known(facts.cpu_ms, last.cpu_ms);
    keep_known(facts.throttled_ms, last.throttled_ms);
    keep_known(facts.peak_bytes, last.peak_bytes);
    keep_known(facts.limit_bytes, last.limit_bytes);
    keep_known(facts.oom_kills, last.oom_kills);
    keep_known(facts.read_bytes, last.read_bytes);
    keep_known(facts.written_bytes, last.written_bytes);
  }
  const auto oom_seen = run.conmon && std::ranges::any_of(run.conmon->oom_directories,
                                                          [](const std::string& directory) {
                                                            return exists(directory + "/oom");
                                                          });
  if (oom_seen) facts.oom_kills = std::max<std::int64_t>(facts.oom_kills, 1);
  auto& event = run.end;
  event = make_event(RunEvent::Kind::end, std::max(time_ns, run.start.time_ns), run.start.run,
                     run.start.job);
  take(event, facts);
  event.memory_bytes = facts.peak_bytes;
  event.processes = -1;
  event.exit_code = exit_code;
  if (exit_code > kSignalBase && exit_code <= kSignalBase + kLastSignal) {
    event.signal = exit_code - kSignalBase;
  }
  if (exit_code == kKilled && facts.oom_kills > 0) event.reason = "OOMKilled";
  event.message = std::move(message);
  event.wall_ms = (event.time_ns - run.start.time_ns) / kMillisecond;
  run.state = State::ending;
  run.ending_since = {};
  changed_ = events_ = true;
}

bool ContainerRuns::all_read(const Run& run) const {
  return std::ranges::all_of(run.sources, [&](std::uint64_t number) {
    const auto* const source = settings_.find(number);
    if (source == nullptr || source->ended()) return true;
    struct stat status{};
    const bool sized = source->file.open() ? ::fstat(source->file.get(), &status) == 0
                                           : ::stat(source->saved.path.c_str(), &status) == 0;
    return !sized || (static_cast<std::uint64_t>(status.st_size) <= source->offset &&
                      !source->pieces.oldest_begin());
  });
}

void ContainerRuns::conclude(Run& run, Clock::time_point now) {
  if (run.ending_since == Clock::time_point{}) run.ending_since = now;
  if (!all_read(run) && now - run.ending_since < kReadingTime) return;
  const auto& output = *run.output;
  auto& event = run.end;
  event.sources.assign(output.positions.begin(), output.positions.end());
  const auto quiet_since = std::max(output.last_ns, run.start.time_ns);
  if (!run.partial) event.lines = static_cast<std::int64_t>(output.lines);
  if (!run.partial || output.lines > 0) {
    event.quiet_ms = std::max<std::int64_t>(0, event.time_ns - quiet_since) / kMillisecond;
    event.max_quiet_ms = output.max_quiet_ns / kMillisecond;
  }
  to_emit_.emplace_back(run.tool, event);
  run.state = State::ended;
  changed_ = true;
}

void ContainerRuns::settled(const std::vector<std::string>& runs) {
  for (const auto& id : runs) {
    const auto found = runs_.find(id);
    if (found == runs_.end() || found->second->state != State::ended) continue;
    found->second->state = State::done;
    stale_ = true;
  }
}

}  // namespace logboom::collector
