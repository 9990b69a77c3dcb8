// The later life of a source: registered, due, closed to make room, rotated, ended, let go.
#include <sys/stat.h>

#include <algorithm>

#include "collector/meters.h"
#include "collector/sources.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMaxTendInterval{250};

std::pair<std::uint64_t, std::uint64_t> key_of(const Identity& identity) {
  return {identity.device, identity.inode};
}

}  // namespace

bool Sources::prepare_registration() {
  // What is still empty comes back when it grows.
  std::erase_if(fresh_, [&](std::uint64_t number) {
    auto& source = *sources_.at(number);
    struct stat status{};
    if (!source.file.open() || ::fstat(source.file.get(), &status) != 0) return true;
    source.saved.size = static_cast<std::uint64_t>(status.st_size);
    take_head(source, source.saved.size);
    return source.saved.head_size == 0;
  });
  return !fresh_.empty();
}

void Sources::registered() {
  for (const auto number : std::exchange(fresh_, {})) {
    auto& source = *sources_.at(number);
    source.registered = true;
    queue(source);
  }
}

CheckpointState Sources::state() const {
  CheckpointState state;
  state.collector = collector_;
  state.next_number = next_number_;
  state.looked_ns = looked_ns_;
  state.sources.reserve(sources_.size() + parked_.size());
  for (const auto& [number, source] : sources_) {
    state.sources.push_back(source->saved);
  }
  for (const auto& [key, saved] : parked_) state.sources.push_back(saved);
  return state;
}

Source* Sources::find(std::uint64_t number) {
  const auto found = sources_.find(number);
  return found == sources_.end() ? nullptr : found->second.get();
}

void Sources::queue(Source& source) {
  if (source.queued || (source.ended() && !source.gap)) return;
  source.queued = true;
  queue_.push_back(source.saved.number);
}

Source* Sources::next_due(Clock::time_point now, milliseconds& wait) {
  for (auto left = queue_.size(); left > 0; --left) {
    const auto number = queue_.front();
    queue_.pop_front();
    auto* source = find(number);
    if (source == nullptr) continue;
    if (elder_is_unread(*source)) {  // its elder says how long to wait
      queue_.push_back(number);
      continue;
    }
    if (source->not_before > now) {
      const auto until = std::chrono::ceil<milliseconds>(source->not_before - now);
      wait = std::min(wait, until);
      queue_.push_back(number);
      continue;
    }
    source->queued = false;
    if (!source->registered) {  // registered() queues it again
      fresh_.insert(number);
      continue;
    }
    source->used = now;
    return source;
  }
  return nullptr;
}

// Files that had one wanted name after another are read one after another: a rotated file to its
// end before its successor begins, so that a job's lines come in the order they were written.
bool Sources::elder_is_unread(const Source& source) const {
  const auto chain = chains_.find(source.saved.origin_path);
  if (chain == chains_.end() || chain->second.size() < 2) return false;
  const auto age = [](const Source& one) {
    return std::pair(one.saved.identity.birth_ns, one.saved.number);
  };
  return std::ranges::any_of(chain->second, [&](std::uint64_t number) {
    const auto& other = *sources_.at(number);
    return age(other) < age(source) && (other.queued || fresh_.contains(number));
  });
}

bool Sources::reopen(Source& source) {
  if (source.file.open()) return true;
  if (!make_room()) return false;
  auto opened = open_source(source.saved.path);
  if (!opened) {
    troubles_.note(source.saved.path, opened.error().message);
    return false;
  }
  // What it was when it was closed: everything read was acknowledged then.
  const auto match = compare(*opened, source.saved);
  if (match == Match::same) {
    source.file = std::move(opened->file);
    return true;
  }
  if (match == Match::truncated || match == Match::replaced) {
    end(source, match == Match::truncated ? "truncated" : "replaced", source.unread());
  } else {
    end(source, source.unread() > 0 ? "rotated" : "", source.unread());
  }
  return false;
}

void Sources::end(Source& source, const std::string& reason, std::uint64_t missing_bytes) {
  const auto key = key_of(source.saved.identity);
  if (const auto at = by_key_.find(key); at != by_key_.end() && at->second == &source) {
    by_key_.erase(at);
  }
  const auto path = source.saved.path;
  const auto at = by_path_.find(path);
  const bool had_path = at != by_path_.end() && at->second == &source;
  if (had_path) by_path_.erase(at);
  if (source.target_watched) watcher_.forget(path);
  source.target_watched = false;
  fresh_.erase(source.saved.number);
  moved_.erase(source.saved.number);
  // What ended well stays open until it is acknowledged: it may have to be read again.
  if (!reason.empty()) source.file.close();
  source.saved.ended = reason.empty() ? std::string(kFinished) : reason;
  source.not_before = {};
  if (!reason.empty()) {
    source.gap = Source::Gap{reason, missing_bytes};
    queue(source);
  }
  if (!had_path) return;
  if (const auto rule = discovery_.match(path)) discover(path, *rule);
}

void Sources::revive(Source& source) {
  source.saved.ended.clear();
  source.gone = true;
  source.grown = Clock::now();
  by_key_.try_emplace(key_of(source.saved.identity), &source);
  moved_.insert(source.saved.number);
}

void Sources::let_go(Source& source) {
  if (source.ended() && source.in_flight.empty() && !source.gap) {
    const auto chain = chains_.find(source.saved.origin_path);
    if (chain != chains_.end()) {
      std::erase(chain->second, source.saved.number);
      if (chain->second.empty()) chains_.erase(chain);
    }
    sources_.erase(source.saved.number);
  }
}

// Room for one more open file. Only what has been read, acknowledged and can be found again is
// closed.
bool Sources::make_room() {
  if (by_key_.size() < settings_.max_open_files) return true;
  std::size_t open = 0;
  Source* idle = nullptr;
  for (const auto& [key, source] : by_key_) {
    if (!source->file.open()) continue;
    ++open;
    const bool closable = source->registered && !source->gone && !source->queued &&
                          source->in_flight.empty() && source->unread() == 0 &&
                          source->resume() == source->offset &&
                          source->saved.mark.tail_end == source->offset;
    if (closable && (idle == nullptr || source->used < idle->used)) idle = source;
  }
  if (open < settings_.max_open_files) return true;
  if (idle == nullptr) return false;
  idle->file.close();
  return true;
}

milliseconds Sources::tend_interval() const {
  return std::clamp(settings_.rotation_grace / 4, milliseconds{5}, kMaxTendInterval);
}

void Sources::tend() {
  const auto now = Clock::now();
  tend_unfinished(now);
  const std::vector<std::uint64_t> numbers(moved_.begin(), moved_.end());
  for (const auto number : numbers) {
    auto* source = find(number);
    if (source == nullptr || source->ended()) {
      moved_.erase(number);
      continue;
    }
    struct stat status{};
    if (source->file.open() && ::fstat(source->file.get(), &status) == 0) {
      const auto size = static_cast<std::uint64_t>(status.st_size);
      if (size != source->saved.size) {
        source->grown = now;
        queue(*source);
      }
    }
    if (source->queued || now - source->grown < settings_.rotation_grace) continue;
    if (source->gone) {
      tend_gone(*source);
    } else if (!source->left_path.empty() && !look_at(source->left_path)) {
      continue;  // its writer has not begun a new file: it may still write to this one
    } else {
      source->flush = true;
      queue(*source);
      moved_.erase(number);
    }
  }
}

// A program that ended without a newline, or waits at a prompt: its last words must not stay hidden
// until the file is rotated.
void Sources::tend_unfinished(Clock::time_point now) {
  const std::vector<std::uint64_t> numbers(unfinished_.begin(), unfinished_.end());
  for (const auto number : numbers) {
    auto* source = find(number);
    const bool waits = source != nullptr && !source->ended() && source->pieces.oldest_begin();
    if (waits && (source->queued || now - source->used < settings_.piece_grace)) continue;
    unfinished_.erase(number);
    if (!waits) continue;
    source->flush = true;
    queue(*source);
  }
}

void Sources::tend_gone(Source& source) {
  struct stat status{};
  if (source.file.open() && !source.registered && ::fstat(source.file.get(), &status) == 0 &&
      status.st_size > 0) {
    queue(source);
    return;
  }
  // A last look, in case the event that would have told was lost.
  const auto& path = source.saved.path;
  const auto found = find_inode(path.substr(0, std::max<std::size_t>(1, path.rfind('/'))),
                                key_of(source.saved.identity));
  if (!found.empty()) {
    renamed(source, found);
    return;
  }
  if (!source.file.open() || !source.registered) {
    // Closed because all was read, or never had a byte.
    end(source, "", 0);
    let_go(source);
    return;
  }
  // Its writer may hold it still: what is written then must be read.
  if (has_writer(source.file.get())) return;
  source.flush = true;
  queue(source);
}

void Sources::update_gauges() const {
  std::uint64_t lag = 0;
  std::int64_t open = 0;
  for (const auto& [key, source] : by_key_) {
    lag += source->unread();
    if (source->file.open()) ++open;
  }
  meters().lag.set(static_cast<std::int64_t>(lag));
  meters().open_files.set(open);
  meters().sources.set(static_cast<std::int64_t>(sources_.size()));
}

}  // namespace logboom::collector
