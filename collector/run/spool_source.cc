#include "collector/run/spool_source.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "collector/meters.h"
#include "collector/run/command_line.h"
#include "collector/run/local_socket.h"
#include "core/log.h"
#include "core/time.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;
using Clock = SpoolSource::Clock;

constexpr milliseconds kSlice{20};
constexpr milliseconds kReadInterval{20};  // of a file that is written line by line
// How often living runs are asked whether their wrapper is still there.
constexpr milliseconds kLookInterval{1'000};
constexpr milliseconds kFirstPause{250}, kLongestPause{30'000};
constexpr milliseconds kReadPause{1'000};  // of a file that could not be read
constexpr std::size_t kReadBytes = 1 << 20;
constexpr std::uint64_t kPunchBytes = 1 << 20;
constexpr std::int64_t kUnbornAge = 60;  // seconds
constexpr int kFruitlessFree = 2, kDropEverythingAfter = 3;
constexpr std::size_t kMaxRefused = 10'000;

// What a wrapper left that was killed before its file had a name.
void remove_unborn(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat facts{};
  if (!file.open() || ::fstat(file.get(), &facts) != 0 || !S_ISREG(facts.st_mode)) return;
  if (::time(nullptr) - facts.st_mtim.tv_sec < kUnbornAge) return;
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(path.c_str());
}

}  // namespace

void make_spool(const std::string& directory) {
  std::error_code ignored;  // a scan tells
  if (std::filesystem::exists(directory, ignored)) {
    if (::geteuid() != 0 || directory != kSystemSpool) return;
  } else {
    std::filesystem::create_directories(directory, ignored);
  }
  // Every user's runs go there, each file its owner's alone.
  ::chmod(directory.c_str(), ::geteuid() == 0 ? 01777 : 0700);
}

struct SpoolSource::File {
  // A shipped batch without an answer, and where the file stands once it is stored.
  struct Shipped {
    std::uint64_t next = 0, resume = 0;
  };

  std::uint64_t number = 0;
  std::string path, run, id;
  std::uint32_t user = 0;
  Origin origin;
  FrameReader frames{"", ""};
  bool begun = false;
  std::uint64_t shipped = 0;  // the next batch's `previous`
  std::uint64_t known = 0;    // records up to here are settled: drop them
  std::uint64_t acknowledged = 0, resume = kSpoolHeader, punched = kSpoolHeader;
  std::uint64_t drop_lines = 0, drop_all = 0;  // up to here, since they were refused
  std::uint64_t refused_bytes = 0;
  std::deque<Shipped> in_flight;
  std::uint32_t epoch = 0;
  int fruitless = 0, refusals = 0;
  std::size_t held = 0;
  bool told_gap = false;                // in our own log
  bool queued = false, closed = false;  // closed: its last record has been shipped
  Clock::time_point not_before{};
};

SpoolSource::SpoolSource(Settings settings, const Redactor& redactor)
    : settings_(std::move(settings)),
      redactor_(redactor),
      batcher_(redactor),
      buffer_(kReadBytes, '\0') {
  for (const auto& directory : settings_.directories) make_spool(directory);
}

SpoolSource::~SpoolSource() = default;

void SpoolSource::look(Clock::time_point now) {
  using What = Watcher::Event::What;
  for (const auto& event : watcher_.read()) {
    if (event.what == What::changed || event.what == What::appeared) notice(event.path);
    if (event.what == What::overflowed || event.what == What::self_removed ||
        event.what == What::self_moved) {
      if (event.what != What::overflowed) watcher_.forget(event.path);
      wants_scan_ = true;
    }
  }
  if (now >= next_scan_ || wants_scan_) {
    wants_scan_ = false;
    next_scan_ = now + settings_.rescan_interval;
    for (const auto& directory : settings_.directories) scan(directory);
  }
  if (now < next_look_) return;
  next_look_ = now + kLookInterval;
  for (auto& [number, file] : files_) {
    if (!file->closed) queue(*file);
  }
}

void SpoolSource::scan(const std::string& directory) {
  DIR* const listing = ::opendir(directory.c_str());
  if (listing == nullptr) {
    if (errno != ENOENT) troubles_.note(directory, system_error("read", errno).message);
    return;
  }
  watcher_.watch_directory(directory);
  while (const auto* entry = ::readdir(listing)) {
    const std::string_view name = entry->d_name;
    if (name.ends_with(kUnbornSuffix)) {
      remove_unborn(directory + "/" + std::string(name));
    } else if (name.ends_with(kSpoolSuffix)) {
      notice(directory + "/" + std::string(name));
    }
  }
  ::closedir(listing);
}

void SpoolSource::notice(const std::string& path) {
  if (const auto known = by_path_.find(path); known != by_path_.end()) {
    if (!known->second->closed) queue(*known->second);
    return;
  }
  auto run = run_of_spool(path);
  struct stat facts{};
  if (run.empty() || ::lstat(path.c_str(), &facts) != 0) return;
  if (const auto refused = refused_.find(path); refused != refused_.end()) {
    if (facts.st_ctim.tv_sec == refused->second) return;
    refused_.erase(refused);
  }
  // One user's files do not keep out the others'.
  const auto owned = of_user_.find(facts.st_uid);
  const auto of_user = owned == of_user_.end() ? 0 : owned->second;
  if (files_.size() >= kMaxFiles || of_user >= kMaxFilesOfOne) {
    troubles_.note(path.substr(0, path.rfind('/')), "too many runs lie there: the rest waits");
    return;
  }
  auto file = std::make_unique<File>();
  file->number = ++next_number_;
  file->path = path;
  file->id = "run-" + run + "/1";
  file->run = std::move(run);
  file->user = facts.st_uid;
  ++of_user_[file->user];
  by_path_.emplace(path, file.get());
  queue(*file);
  files_.emplace(file->number, std::move(file));
}

void SpoolSource::queue(File& file) {
  if (std::exchange(file.queued, true)) return;
  queue_.push_back(file.number);
}

milliseconds SpoolSource::work(Clock::time_point now) {
  const auto start = now;
  auto idle = milliseconds{kLookInterval};
  for (auto left = queue_.size(); left > 0 && settings_.room(); --left) {
    const auto number = queue_.front();
    queue_.pop_front();
    const auto found = files_.find(number);
    if (found == files_.end()) continue;
    auto& file = *found->second;
    file.queued = false;
    if (now < file.not_before) {
      idle = std::min(idle, std::chrono::ceil<milliseconds>(file.not_before - now));
      queue(file);
      continue;
    }
    turn(file);
    now = Clock::now();
    if (now - start >= kSlice) return milliseconds{0};
  }
  return idle;
}

// Reads what is new in one file, and ships it.
void SpoolSource::turn(File& file) {
  auto spool = open_spool(file.path, file.run);
  if (!spool) {
    const auto& error = spool.error();
    if (error.code == Errc::io) {
      unreadable(file, error);
      return;
    }
    if (error.code != Errc::not_found) {
      troubles_.note(file.path, error.message);
      struct stat facts{};
      if (refused_.size() >= kMaxRefused) refused_.clear();
      if (::lstat(file.path.c_str(), &facts) == 0) refused_[file.path] = facts.st_ctim.tv_sec;
    }
    forget(file);
    return;
  }
  if (!file.begun) begin(file, *spool);
  file.not_before = Clock::now() + kReadInterval;
  batcher_.start(file.origin);
  bool corrupt = false;
  const auto read = read_frames(file, *spool, corrupt);
  const bool more = read.value_or(false);
  if (!read) {
    unreadable(file, read.error());
  } else if (!more && spool->finished && !file.frames.ended()) {
    file.frames.close(*spool, corrupt, [&](const SpoolRecord& record) { add(file, record); });
  }
  file.closed = file.frames.ended();
  flush(file);
  held_ += file.frames.held_bytes();
  held_ -= std::exchange(file.held, file.frames.held_bytes());
  if (held_ > kMaxHeld && file.held > 0) {
    // It is read again from where its lines begin.
    held_ -= std::exchange(file.held, 0);
    file.known = std::max(file.known, file.shipped);
    file.frames.restart(file.frames.resume());
  }
  if (file.closed && file.in_flight.empty()) settled(file);
  if (more) {
    file.not_before = {};
    queue(file);
  }
}

void SpoolSource::begin(File& file, const OpenedSpool& spool) {
  const auto& fields = spool.header.fields;
  std::string job(field(fields, "job").substr(0, kMaxJob));
  if (job.empty()) job = "command";
  file.origin.tool = tool_of_uid(spool.owner, field(fields, "tool"), settings_.fallback_tool);
  for (const char* stream : {"stdout", "stderr"}) {
    file.origin.streams.emplace_back(std::vector<Labels::Pair>{{"job", job}, {"stream", stream}});
  }
  file.origin.columns = {{"run", file.run}, {"node", settings_.node}};
  redact(redactor_, file.origin);
  file.frames = FrameReader(file.run, job);
  file.resume = file.punched = std::min(spool.header.resume, spool.size);
  file.acknowledged = file.known = file.shipped =
      spool.header.acknowledged == kSpoolHeader ? 0 : spool.header.acknowledged;
  file.frames.restart(file.resume);
  file.begun = true;
}

// Nothing is given up for it: what cannot be read now may be read later.
void SpoolSource::unreadable(File& file, const Error& error) {
  troubles_.note(file.path, error.message);
  file.not_before = Clock::now() + kReadPause;
}

// True while there is more to read than one turn takes.
Result<bool> SpoolSource::read_frames(File& file, const OpenedSpool& spool, bool& corrupt) {
  const auto at = file.frames.offset();
  if (at >= spool.size || file.closed) return false;
  const auto got =
      ::pread(spool.file.get(), buffer_.data(), buffer_.size(), static_cast<off_t>(at));
  if (got < 0) return fail(system_error("read " + file.path, errno));
  std::string_view left(buffer_.data(), static_cast<std::size_t>(got));
  bool any = false;
  while (!left.empty() && !file.frames.ended()) {
    auto frame = decode_frame(left);
    if (!frame) {
      corrupt = true;
      return false;
    }
    if (!*frame) break;
    meters().bytes.add((*frame)->bytes.size());
    left.remove_prefix(kFrameHeader + (*frame)->bytes.size());
    file.frames.take(**frame, [&](const SpoolRecord& record) { add(file, record); });
    any = true;
    if (batcher_.full()) flush(file);
  }
  return any && file.frames.offset() < spool.size && !file.frames.ended();
}

void SpoolSource::add(File& file, const SpoolRecord& record) {
  if (record.position <= file.known || record.position <= file.drop_all) return;
  using Kind = SpoolRecord::Kind;
  if (record.kind == Kind::event) {
    batcher_.add(*record.event, record.position);
    return;
  }
  if (record.position <= file.drop_lines) return;
  std::string text;
  if (record.kind == Kind::gap) {
    text = std::to_string(record.size) + " bytes of output missing: " + std::string(record.text);
    if (!std::exchange(file.told_gap, true)) {
      log::warn("gap in a run", {{"run", file.run}, {"reason", record.text}});
    }
  }
  batcher_.add({.time_ns = record.time_ns,
                .stream = record.stream,
                .text = record.kind == Kind::gap ? std::string_view(text) : record.text,
                .position = record.position,
                .size = record.kind == Kind::gap ? text.size() : record.size,
                .gap = record.kind == Kind::gap ? record.text : std::string_view{}});
}

void SpoolSource::flush(File& file) {
  if (batcher_.empty()) return;
  const auto next = batcher_.last_position();
  Shipment shipment{.source = file.number,
                    .epoch = file.epoch,
                    .source_id = file.id,
                    .tool = file.origin.tool,
                    .previous = file.shipped,
                    .next = next,
                    .bytes = batcher_.finish(file.id, file.shipped, next)};
  file.shipped = next;
  file.in_flight.push_back({next, file.frames.resume()});
  settings_.ship(std::move(shipment));
  batcher_.start(file.origin);
}

void SpoolSource::answer(const Outcome& outcome) {
  const auto found = files_.find(outcome.source);
  if (found == files_.end()) return;
  auto& file = *found->second;
  if (file.epoch != outcome.epoch || file.in_flight.empty()) return;
  switch (outcome.kind) {
    case Outcome::Kind::stored: {
      const auto stored = file.in_flight.front();
      file.in_flight.pop_front();
      file.fruitless = file.refusals = 0;
      file.acknowledged = stored.next;
      file.resume = stored.resume;
      settled(file);
      return;
    }
    case Outcome::Kind::conflict:
      meters().conflicts.add();
      go_back(file, outcome.expected);
      return;
    case Outcome::Kind::refused:
      refused(file, outcome);
      return;
  }
}

// Reads again from the oldest bytes that are left; the store has what lies up to `from`.
void SpoolSource::go_back(File& file, std::uint64_t from) {
  ++file.epoch;
  file.in_flight.clear();
  file.frames.restart(file.resume);
  file.closed = false;
  file.shipped = from;
  file.known = std::max(from, file.drop_all);
  held_ -= std::exchange(file.held, 0);
  if (++file.fruitless > kFruitlessFree) {
    const auto doublings = std::min(file.fruitless - kFruitlessFree - 1, 16);
    file.not_before = Clock::now() + std::min(kFirstPause * (1 << doublings), kLongestPause);
  }
  if (from < file.acknowledged) {
    // The store has lost what it had acknowledged, and here it is gone as well.
    log::warn("the store has lost lines of a run", {{"run", file.run}, {"position", from}});
    batcher_.start(file.origin);
    const auto missing = file.acknowledged - from;
    const std::string text = std::to_string(missing) + " bytes missing: lost by the store";
    batcher_.add({.time_ns = now_ns(),
                  .text = text,
                  .position = file.acknowledged,
                  .size = text.size(),
                  .gap = "lost"});
    file.known = std::max(file.known, file.acknowledged);
    flush(file);
  }
  queue(file);
}

// Its lines are dropped and told as a gap; its events are tried once more without them.
void SpoolSource::refused(File& file, const Outcome& outcome) {
  meters().refused.add();
  log::error("batch refused: its lines are dropped",
             {{"source", file.id}, {"bytes", outcome.bytes}, {"reason", outcome.reason}});
  file.drop_lines = std::max(file.drop_lines, outcome.next);
  const bool hopeless = ++file.refusals >= kDropEverythingAfter;
  if (hopeless) file.drop_all = std::max(file.drop_all, outcome.next);
  go_back(file, outcome.previous);
  if (hopeless) return;
  // Where at most a line ends, and those are dropped.
  const auto position = outcome.previous + 1;
  const std::string text = std::to_string(outcome.bytes) + " bytes missing: refused by the store";
  batcher_.start(file.origin);
  batcher_.add({.time_ns = now_ns(),
                .text = text,
                .position = position,
                .size = text.size(),
                .gap = "refused"});
  flush(file);
  file.known = std::max(file.known, position);
}

void SpoolSource::settled(File& file) {
  if (file.closed && file.in_flight.empty()) {
    // Acknowledged to its end.
    ::unlink(file.path.c_str());
    forget(file);
    return;
  }
  if (file.in_flight.size() > 1) return;  // the next answer says more
  auto spool = open_spool(file.path, file.run);
  if (!spool) return;
  const bool punch = file.resume - std::min(file.resume, file.punched) >= kPunchBytes;
  // A gap told before all records lies in the header's range.
  settle(spool->file.get(), std::max<std::uint64_t>(file.acknowledged, kSpoolHeader), file.resume,
         punch);
  if (punch) file.punched = file.resume;
}

void SpoolSource::forget(File& file) {
  held_ -= file.held;
  by_path_.erase(file.path);
  if (const auto owned = of_user_.find(file.user); --owned->second == 0) of_user_.erase(owned);
  files_.erase(file.number);
}

}  // namespace logboom::collector
