#include "collector/sources.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "collector/meters.h"
#include "collector/pod_logs.h"
#include "core/time.h"

namespace logboom::collector {
namespace {

// File systems stamp births with the kernel's tick, which may lag behind our clock by as much.
constexpr std::int64_t kBirthSlack = 10'000'000;

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::vector<std::string> patterns_of(const Sources::Settings& settings) {
  std::vector<std::string> patterns;
  if (!settings.pod_logs.empty()) patterns.push_back(settings.pod_logs + "/*/*/*");
  for (const auto& rule : settings.files) patterns.push_back(rule.glob);
  return patterns;
}

std::pair<std::uint64_t, std::uint64_t> key_of(const Identity& identity) {
  return {identity.device, identity.inode};
}

bool leads_to(const std::string& path, const Source& source) {
  const auto facts = look_at(path);
  return facts && key_of(facts->identity) == key_of(source.saved.identity);
}

}  // namespace

Sources::Sources(Settings settings, CheckpointState saved, Watcher& watcher)
    : settings_(std::move(settings)),
      collector_(std::move(saved.collector)),
      next_number_(saved.next_number),
      last_life_ns_(saved.looked_ns),
      watcher_(watcher),
      patterns_(patterns_of(settings_)),
      discovery_(patterns_) {
  for (auto& source : saved.sources) {
    const auto key = key_of(source.identity);
    if (source.ended == kFinished) {
      // It was read to its end, but not all of it arrived, and its file is gone.
      if (source.size > source.mark.resume) end_parked(std::move(source), "rotated");
    } else if (!source.ended.empty()) {
      const auto reason = source.ended;
      end_parked(std::move(source), reason);
    } else if (parked_.contains(key)) {
      end_parked(std::move(source), "replaced");
    } else {
      parked_.emplace(key, std::move(source));
    }
  }
}

Sources::~Sources() = default;

Discovery::Visitor Sources::visitor() {
  return {.directory = [this](const std::string& path) { watcher_.watch_directory(path); },
          .file = [this](const std::string& path, std::size_t rule) { discover(path, rule); },
          .trouble = [this](const std::string& path,
                            int error) { troubles_.note(path, std::strerror(error)); }};
}

void Sources::scan() { scan(visitor()); }

void Sources::first_scan() {
  looked_ns_ = now_ns();
  auto all = visitor();
  if (last_life_ns_ != 0) {
    all.rotated = [this](const std::string& path, std::size_t rule, const std::string& original) {
      discover_rotated(path, rule, original);
    };
  }
  scan(all);
}

void Sources::scan(const Discovery::Visitor& visitor) {
  wants_scan_ = false;
  compressed_ = 0;
  discovery_.walk(visitor);
  std::vector<Source*> lost;
  for (const auto& [key, source] : by_key_) {
    if (!source->gone && !leads_to(source->saved.path, *source)) lost.push_back(source);
  }
  for (auto* source : lost) {
    const auto found = find_inode(directory_of(source->saved.path), key_of(source->saved.identity));
    if (found.empty()) {
      leave(*source);
    } else {
      renamed(*source, found);
    }
  }
  decide_parked();
  meters().compressed.set(static_cast<std::int64_t>(compressed_));
}

void Sources::handle_events() {
  using What = Watcher::Event::What;
  looked_ns_ = now_ns();
  for (const auto& event : watcher_.read()) {
    const auto known = by_path_.find(event.path);
    switch (event.what) {
      case What::changed:
        if (known != by_path_.end()) {
          queue(*known->second);
        } else if (const auto rule = discovery_.match(event.path)) {
          discover(event.path, *rule);
        }
        break;
      case What::appeared:
        appeared(event);
        break;
      case What::vanished:
        // The event may be older than what the path leads to by now.
        if (known != by_path_.end() && !leads_to(event.path, *known->second)) leave(*known->second);
        break;
      case What::self_removed:
      case What::self_moved:
        watcher_.forget(event.path);
        if (known != by_path_.end()) {  // the target of a link
          known->second->target_watched = false;
          if (!leads_to(event.path, *known->second)) leave(*known->second);
          discovery_.walk_from(event.path, visitor());
        } else if (event.what == What::self_moved) {
          wants_scan_ = true;  // all paths below have changed
        }
        break;
      case What::overflowed:
        wants_scan_ = true;
        break;
    }
  }
}

void Sources::appeared(const Watcher::Event& event) {
  discovery_.walk_from(event.path, visitor());
  // Which wanted name it had before it was rotated, perhaps several times by now.
  std::string original;
  if (const auto earlier = renames_.extract(event.from)) {
    original = earlier.mapped();
  } else if (discovery_.match(event.from)) {
    original = event.from;
  }
  if (renames_.size() >= kMaxRenames) renames_.clear();
  if (original.empty()) {
    renames_.erase(event.path);
  } else {
    renames_[event.path] = original;
  }
  // A rotated file's new name need not fit any rule. If the file was not even seen under its old
  // name, it is new all the same.
  const auto facts = look_at(event.path);
  if (!facts || seen_before(event.path, *facts) || original.empty()) return;
  discover(event.path, *discovery_.match(original), original);
}

bool Sources::wanted(const std::string& path, std::size_t rule) const {
  const auto name = name_of(path);
  const bool pods = !settings_.pod_logs.empty() && rule == 0;
  return !is_compressed(name) && (!pods || is_pod_log(name));
}

// An unknown file beside one that is wanted. It is read if it was born since the last collector
// looked, and is no copy of a file that collector knew (as rotation by copying makes them): what
// lay there before was never asked for.
void Sources::discover_rotated(const std::string& path, std::size_t rule,
                               const std::string& original) {
  const auto facts = look_at(path);
  if (!facts || by_key_.contains(key_of(facts->identity))) return;
  if (!parked_.contains(key_of(facts->identity))) {
    const auto opened = open_source(path);
    if (!opened || opened->identity.birth_ns <= last_life_ns_ - kBirthSlack || is_copy(*opened))
      return;
  }
  discover(path, rule, original);
}

bool Sources::is_copy(const OpenedFile& opened) const {
  const auto same_head = [&](const SavedSource& saved) {
    return saved.head_size > 0 && head_matches(opened, saved);
  };
  return std::ranges::any_of(parked_, [&](const auto& entry) { return same_head(entry.second); }) ||
         std::ranges::any_of(sources_,
                             [&](const auto& entry) { return same_head(entry.second->saved); });
}

void Sources::discover(const std::string& path, std::size_t rule, const std::string& original) {
  if (!wanted(path, rule)) {
    if (is_compressed(name_of(path))) ++compressed_;
    return;
  }
  const auto facts = look_at(path);
  if (facts && seen_before(path, *facts)) return;
  if (sources_.size() >= kMaxSources || !make_room()) {
    troubles_.note(path, "too many files: raise max_open_files, or collect fewer");
    return;
  }
  auto opened = open_source(path);
  if (!opened) {
    if (opened.error().code == Errc::not_found) {
      meters().vanished.add();
    } else {
      troubles_.note(path, opened.error().message);
    }
    return;
  }
  const auto key = key_of(opened->identity);
  if (by_key_.contains(key)) return;  // it came there between the two looks; the next event tells
  if (const auto other = by_path_.find(path); other != by_path_.end()) leave(*other->second);

  SavedSource saved;
  if (auto parked = parked_.extract(key)) {
    const auto match = compare(*opened, parked.mapped());
    if (match == Match::same) {
      adopt(std::move(parked.mapped()), *std::move(opened), path, rule);
      return;
    }
    const auto& then = parked.mapped();
    if (match != Match::other_file) {
      end_parked(std::move(parked.mapped()), match == Match::truncated ? "truncated" : "replaced");
    } else if (then.size > then.mark.resume) {
      end_parked(std::move(parked.mapped()), "rotated");
    }
  }
  saved.number = next_number_++;
  saved.identity = opened->identity;
  saved.size = opened->size;
  saved.origin_path = original.empty() ? path : original;
  adopt(std::move(saved), *std::move(opened), path, rule);
}

// Is the file at this path one that is being read already? Then it may have a new name.
bool Sources::seen_before(const std::string& path, const FileFacts& facts) {
  const auto found = by_key_.find(key_of(facts.identity));
  if (found == by_key_.end()) return false;
  auto& source = *found->second;
  const bool elsewhere = source.saved.path != path;
  if (elsewhere && !source.gone) {
    // A second name of a file whose first still leads to it is no new file.
    if (leads_to(source.saved.path, source)) return true;
  }
  if (elsewhere || source.gone) renamed(source, path);
  if (facts.link && !source.target_watched) source.target_watched = watcher_.watch_target(path);
  if (facts.size != source.offset) queue(source);
  return true;
}

Source& Sources::add(SavedSource saved, std::size_t rule) {
  auto owned = std::make_unique<Source>();
  auto& source = *owned;
  source.saved = std::move(saved);
  source.id = collector_ + "/" + std::to_string(source.saved.number);
  source.origin = origin_of(rule, source.saved.origin_path);
  source.grown = source.used = Clock::now();
  sources_[source.saved.number] = std::move(owned);
  chains_[source.saved.origin_path].push_back(source.saved.number);
  if (settings_.added && rule == 0 && !settings_.pod_logs.empty()) settings_.added(source);
  return source;
}

void Sources::adopt(SavedSource saved, OpenedFile opened, const std::string& path,
                    std::size_t rule) {
  auto& source = add(std::move(saved), rule);
  source.file = std::move(opened.file);
  source.saved.path = path;
  by_key_[key_of(source.saved.identity)] = &source;
  by_path_[path] = &source;
  source.registered = source.saved.head_size > 0;
  const auto& mark = source.saved.mark;
  if (auto placed = place(source, mark.resume, mark.acked); !placed) {
    troubles_.note(path, placed.error().message);
    end(source, "replaced", source.saved.size - std::min(source.saved.size, mark.resume));
    return;
  }
  source.saved.size = std::max(source.saved.size, opened.size);
  const auto facts = look_at(path);
  if (facts && facts->link) source.target_watched = watcher_.watch_target(path);
  if (path != source.saved.origin_path) {
    source.left_path = source.saved.origin_path;
    moved_.insert(source.saved.number);
  }
  queue(source);
}

Origin Sources::origin_of(std::size_t rule, const std::string& path) const {
  const bool pods = !settings_.pod_logs.empty();
  auto origin = pods && rule == 0 ? pod_origin(path, settings_.node, settings_.fallback_tool)
                                  : file_origin(settings_.files[rule - (pods ? 1 : 0)], path,
                                                settings_.node, settings_.fallback_tool);
  settings_.redact(origin);
  return origin;
}

// A saved source that cannot be read on: all that is left to do is to say so.
void Sources::end_parked(SavedSource saved, const std::string& reason) {
  const auto rule = discovery_.match(saved.origin_path);
  if (!rule) return;  // no rule wants it any more
  saved.ended = reason;
  const auto seen = std::max(saved.size, saved.mark.tail_end);
  auto& source = add(std::move(saved), *rule);
  source.registered = true;
  source.shipped = source.known = source.saved.mark.acked;
  source.gap = Source::Gap{reason, seen - std::min(seen, source.saved.mark.resume)};
  queue(source);
}

// What was saved and is under none of its names any more: found under another name in its folder,
// or gone. While a rule's base folder itself is missing (not mounted yet) nothing is decided.
void Sources::decide_parked() {
  for (auto at = parked_.begin(); at != parked_.end();) {
    const auto rule = discovery_.match(at->second.origin_path);
    struct stat status{};
    if (rule && ::stat(discovery_.base(*rule).c_str(), &status) != 0) {
      ++at;
      continue;
    }
    auto saved = std::move(at->second);
    const auto key = at->first;
    at = parked_.erase(at);
    if (!rule) continue;
    const auto path = find_inode(directory_of(saved.path), key);
    if (auto opened = open_source(path); !path.empty() && opened) {
      const auto match = compare(*opened, saved);
      if (match == Match::same) {
        adopt(std::move(saved), *std::move(opened), path, *rule);
        continue;
      }
      if (match != Match::other_file) {
        end_parked(std::move(saved), match == Match::truncated ? "truncated" : "replaced");
        continue;
      }
    }
    if (saved.size > saved.mark.resume) end_parked(std::move(saved), "rotated");
  }
}

std::string Sources::find_inode(const std::string& directory, const Key& key) const {
  const std::unique_ptr<DIR, int (*)(DIR*)> names(::opendir(directory.c_str()), &::closedir);
  std::size_t count = 0;
  while (names && count++ < Discovery::kMaxEntries) {
    const auto* entry = ::readdir(names.get());
    if (entry == nullptr) break;
    if (entry->d_type == DT_DIR || is_compressed(entry->d_name)) continue;
    auto path = directory + "/" + entry->d_name;
    const auto facts = look_at(path);
    if (facts && key_of(facts->identity) == key) return path;
  }
  return {};
}

void Sources::renamed(Source& source, const std::string& path) {
  if (const auto old = by_path_.find(source.saved.path);
      old != by_path_.end() && old->second == &source) {
    by_path_.erase(old);
  }
  if (const auto other = by_path_.find(path); other != by_path_.end()) leave(*other->second);
  if (source.saved.path != path) source.left_path = source.saved.path;
  source.saved.path = path;
  source.gone = false;
  source.grown = Clock::now();
  by_path_[path] = &source;
  moved_.insert(source.saved.number);
  queue(source);
}

// Its path leads to it no more. It is read on through the open handle.
void Sources::leave(Source& source) {
  if (const auto at = by_path_.find(source.saved.path);
      at != by_path_.end() && at->second == &source) {
    by_path_.erase(at);
  }
  if (source.target_watched) watcher_.forget(source.saved.path);
  source.target_watched = false;
  source.gone = true;
  source.grown = Clock::now();
  moved_.insert(source.saved.number);
  queue(source);
}

}  // namespace logboom::collector
