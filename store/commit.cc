#include "store/commit.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "core/log.h"
#include "core/run_event.h"
#include "store/bytes.h"
#include "store/keys.h"
#include "store/positions.h"

namespace logboom::store {
namespace {

constexpr std::size_t kGroupBytes = 8 << 20;  // compressed bytes that one sync takes along
constexpr std::size_t kInboxLines = 1 << 16;  // of one inbox value; its bytes: kBlockBytes
constexpr std::int64_t kClockSkewNs = 24 * 3'600LL * 1'000'000'000;
constexpr std::size_t kForgetAtOnce = 512;  // sources forgotten while others wait

// A part of a batch that becomes one inbox value.
struct Chunk {
  std::size_t begin = 0, end = 0;
  Encoded encoded;
};

// Run events are no lines: they go into the ledger.
std::vector<Chunk> encode_chunks(const Batch& batch, std::size_t begin, std::size_t end) {
  std::vector<Chunk> chunks;
  while (begin < end) {
    if (is_event(batch.records[begin])) {
      ++begin;
      continue;
    }
    std::size_t bytes = 0;
    auto cut = begin;
    while (cut < end && cut - begin < kInboxLines && bytes < kBlockBytes &&
           !is_event(batch.records[cut]))
      bytes += batch.records[cut++].body.size();
    chunks.push_back({begin, cut, encode(lines_of(batch, begin, cut), kInboxLevel)});
    begin = cut;
  }
  return chunks;
}

Result<void> check(const Batch& batch) {
  auto name = check_tool_name(batch.tool);
  if (!name) return name;
  if (!batch.redacted)
    return fail(Errc::invalid, "batch of tool " + batch.tool + ": it has not been redacted");
  for (const auto& record : batch.records)
    if (record.stream >= batch.streams.size())
      return fail(Errc::invalid, "batch of tool " + batch.tool + ": a record has no stream");
  return batch.span ? check_span(*batch.span, batch.records) : Result<void>{};
}

// One batch on its way.
struct Wish {
  Batch batch;
  std::vector<Chunk> chunks;  // of all its records: nearly always what is stored
  Cursor::Next base;          // logged: where its first record stands
  std::int64_t append_time_ns = 0;
  Appended outcome;
};

std::string number_value(std::uint64_t number) {
  std::string value;
  put_varint(value, number);
  return value;
}

}  // namespace

struct Committer::Pending {
  std::uint32_t partition = kLocalPartition;
  std::vector<Wish> wishes;
  std::uint64_t next_offset = 0;  // logged: the partition's, afterwards
  Result<void> outcome;
  bool done = false;

  [[nodiscard]] bool logged() const { return partition != kLocalPartition; }
  [[nodiscard]] std::size_t size_bytes() const {
    std::size_t bytes = 0;
    for (const auto& wish : wishes)
      for (const auto& chunk : wish.chunks) bytes += chunk.encoded.sections.size();
    return bytes;
  }
};

// What one sync writes, as it is put together.
class Committer::Group {
 public:
  Group(Committer& committer, std::int64_t now)
      : committer_(committer),
        ground_(committer.ground_),
        now_(now),
        local_next_(committer.local_next_) {}

  // On failure nothing of the pending one has been taken up.
  Result<void> add(Pending& pending) {
    for (const auto& wish : pending.wishes) {
      if (!wish.batch.span) continue;
      auto read = read_position(wish.batch.span->source);
      if (!read) return read;
    }
    const auto start = pending.logged() ? next_offset(pending.partition) : 0;
    for (auto& wish : pending.wishes) {
      if (pending.logged() && wish.base.offset < start) {
        wish.outcome.kind = Appended::Kind::seen;
        continue;
      }
      judge(wish, pending);
    }
    if (pending.logged() && pending.next_offset > start)
      offsets_[pending.partition] = pending.next_offset;
    return {};
  }

  Result<void> write() {
    for (const auto& [source, entry] : positions_)
      if (entry.moved) change_.put(ground_.positions, source, encode_position(entry.position));
    for (const auto& [partition, offset] : offsets_)
      change_.put(ground_.meta, partition_key(partition), number_value(offset));
    if (local_next_ != committer_.local_next_)
      change_.put(ground_.meta, std::string(kLocalKey), number_value(local_next_));
    if (change_.operations.empty()) return {};
    return ground_.db->write(change_);
  }

  void publish() {
    committer_.local_next_ = local_next_;
    {
      const std::lock_guard lock(committer_.offsets_mutex_);
      for (const auto& [partition, offset] : offsets_) committer_.offsets_[partition] = offset;
    }
    for (const auto& [tool, pieces] : pieces_) ground_.directory.add(tool, pieces);
    meters().lines.add(lines_);
    meters().bytes.add(bytes_);
    meters().seen.add(seen_);
    meters().conflicts.add(conflicts_);
    meters().forgotten_holes.add(forgotten_holes_);
  }

  [[nodiscard]] News news() {
    News news{.tools = {}, .events = std::move(events_)};
    for (const auto& [tool, pieces] : pieces_) news.tools.push_back(tool);
    return news;
  }

 private:
  struct Entry {
    Position position;
    bool moved = false;
  };

  Result<void> read_position(const std::string& source) {
    if (positions_.contains(source)) return {};
    auto value = ground_.db->get(*ground_.positions, source);
    if (!value) return fail(std::move(value).error());
    Entry entry;
    if (*value) {
      auto position = decode_position(**value);
      if (!position) return fail(std::move(position).error().in("source " + source));
      entry.position = *std::move(position);
    }
    positions_.emplace(source, std::move(entry));
    return {};
  }

  std::uint64_t next_offset(std::uint32_t partition) const {
    const auto found = offsets_.find(partition);
    return found != offsets_.end() ? found->second : committer_.next_offset(partition).value_or(0);
  }

  void judge(Wish& wish, const Pending& pending) {
    const auto& batch = wish.batch;
    auto& outcome = wish.outcome;
    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    const auto commit_ns = wish.append_time_ns > 0 ? std::min(wish.append_time_ns, now_) : now_;
    if (batch.span) {
      auto& entry = positions_.at(batch.span->source);
      outcome.expected = entry.position.next;
      if (!pending.logged() && batch.span->previous > entry.position.next) {
        outcome.kind = Appended::Kind::conflict;
        ++conflicts_;
        return;
      }
      auto news = advance(entry.position, *batch.span, batch.records);
      outcome.expected = entry.position.next;
      forgotten_holes_ += news.forgotten_holes;
      if (news.any) {
        entry.moved = true;
        entry.position.last_use_ns = std::max(entry.position.last_use_ns, commit_ns);
      } else {
        outcome.kind = Appended::Kind::seen;
      }
      ranges = std::move(news.records);
    } else if (!batch.records.empty()) {
      ranges.emplace_back(0, batch.records.size());
    }
    for (const auto& [begin, end] : ranges) outcome.lines += end - begin;
    outcome.trimmed = batch.records.size() - outcome.lines;
    seen_ += outcome.trimmed;
    if (ranges.empty()) return;
    if (!pending.logged()) wish.base = {local_next_++, 0};
    outcome.place = {pending.partition, wish.base.offset};
    std::uint64_t events = 0;
    for (const auto& [begin, end] : ranges) events += take_events(batch, begin, end, commit_ns);
    lines_ += outcome.lines - events;
    if (outcome.trimmed == 0) {
      store(wish, pending.partition, commit_ns, wish.chunks);
      return;
    }
    for (const auto& [begin, end] : ranges)
      store(wish, pending.partition, commit_ns, encode_chunks(batch, begin, end));
  }

  // Returns how many of the records are events.
  std::uint64_t take_events(const Batch& batch, std::size_t begin, std::size_t end,
                            std::int64_t commit_ns) {
    std::uint64_t events = 0;
    for (auto i = begin; i < end; ++i) {
      const auto& record = batch.records[i];
      if (!is_event(record)) continue;
      ++events;
      auto event = event_of(record);
      if (event) event = check_event(*std::move(event));
      if (!event) {
        meters().rejected_events.add();
        log::warn("a run event cannot be kept",
                  {{"tool", batch.tool}, {"reason", event.error().message}});
        continue;
      }
      // A clock that is far ahead must not put a run behind all that comes after it for years.
      const auto latest = commit_ns + kClockSkewNs;
      const auto ahead = event->time_ns > latest ? event->time_ns - latest : 0;
      event->time_ns -= ahead;
      event_writer_.add(batch.tool, *event, ahead);
      events_.emplace_back(batch.tool, *std::move(event));
    }
    return events;
  }

  void store(const Wish& wish, std::uint32_t partition, std::int64_t commit_ns,
             const std::vector<Chunk>& chunks) {
    for (const auto& chunk : chunks) {
      auto head = chunk.encoded.head;
      const auto index = [&](std::size_t i) {
        return wish.base.index + static_cast<std::uint32_t>(i);
      };
      head.first = {wish.base.offset, index(chunk.begin)};
      head.last = {wish.base.offset, index(chunk.end - 1)};
      head.partition = partition;
      head.commit_ns = commit_ns;
      auto value = finish(head, chunk.encoded);
      auto piece = ground_.directory.piece_of(head, value.size());
      piece->arrived_ns = now_;
      bytes_ += head.raw_bytes;
      change_.put(ground_.inbox, inbox_key(partition, head.first), std::move(value));
      pieces_[head.tool].push_back(std::move(piece));
    }
  }

  Committer& committer_;
  Ground& ground_;
  const std::int64_t now_;
  std::uint64_t local_next_;
  std::unordered_map<std::string, Entry> positions_;
  std::map<std::uint32_t, std::uint64_t> offsets_;
  std::map<std::string, std::vector<PiecePtr>> pieces_;
  std::vector<std::pair<std::string, RunEvent>> events_;  // with their tools
  Change change_;
  EventWriter event_writer_{ground_, change_};
  std::uint64_t lines_ = 0, bytes_ = 0, seen_ = 0, conflicts_ = 0, forgotten_holes_ = 0;
};

Result<void> Committer::load() {
  Result<void> outcome;
  auto read =
      ground_.db->each(*ground_.meta, "", [&](std::string_view key, std::string_view value) {
        const auto partition = parse_partition_key(key);
        if (!partition && key != kLocalKey) return true;
        ByteReader reader(value);
        const auto number = reader.varint();
        if (!reader.ok()) outcome = fail(Errc::corrupt, "store: a stored offset cannot be read");
        if (partition)
          offsets_[*partition] = number;
        else
          local_next_ = number;
        return outcome.has_value();
      });
  return read ? outcome : read;
}

Result<std::vector<Appended>> Committer::append(std::vector<Batch> batches) {
  std::size_t bytes = 0;
  for (const auto& batch : batches) {
    auto good = check(batch);
    if (!good) return fail(std::move(good).error());
    bytes += batch.size_bytes();
  }
  if (bytes > ground_.options.max_batch_bytes)
    return fail(Errc::too_large, "batches of " + std::to_string(bytes) +
                                     " bytes in one append; at most " +
                                     std::to_string(ground_.options.max_batch_bytes) +
                                     " are taken: send fewer at a time");
  Pending pending;
  for (auto& batch : batches) {
    Wish wish;
    wish.chunks = encode_chunks(batch, 0, batch.records.size());
    wish.batch = std::move(batch);
    pending.wishes.push_back(std::move(wish));
  }
  auto committed = commit(pending);
  if (!committed) return fail(std::move(committed).error());
  std::vector<Appended> outcomes;
  for (const auto& wish : pending.wishes) outcomes.push_back(wish.outcome);
  return outcomes;
}

Result<void> Committer::append_logged(std::uint32_t partition, std::vector<Logged> messages) {
  if (partition == kLocalPartition)
    return fail(Errc::invalid, "store: this partition is the store's own");
  if (messages.empty()) return {};
  Pending pending;
  pending.partition = partition;
  const auto start = next_offset(partition).value_or(0);
  for (auto& message : messages) {
    pending.next_offset = std::max(pending.next_offset, message.offset + 1);
    if (message.offset < start) continue;
    std::uint32_t index = 0;
    for (auto& batch : message.batches) {
      Wish wish;
      wish.base = {message.offset, index};
      wish.append_time_ns = message.append_time_ns;
      index += static_cast<std::uint32_t>(batch.records.size());
      if (auto good = check(batch); !good) {
        // Its neighbours and all that follows must go on; nobody is there to be told.
        meters().rejected.add();
        log::error("a batch from Kafka cannot be stored", {{"partition", partition},
                                                           {"offset", message.offset},
                                                           {"reason", good.error().message}});
        continue;
      }
      wish.chunks = encode_chunks(batch, 0, batch.records.size());
      wish.batch = std::move(batch);
      pending.wishes.push_back(std::move(wish));
    }
  }
  return commit(pending);
}

Result<void> Committer::commit(Pending& pending) {
  auto space = ground_.check_space(ground_.options.min_free_bytes);
  if (!space) return space;
  std::unique_lock lock(queue_mutex_);
  queue_.push_back(&pending);
  done_.wait(lock, [&] { return pending.done || queue_.front() == &pending; });
  if (!pending.done) {
    lock.unlock();
    std::vector<Pending*> group;
    News news;
    {
      // The longer the last group's sync took, the more have queued by now.
      const std::lock_guard leader(leading_);
      group = take_group();
      news = run(group);
    }
    lock.lock();
    for (auto* const member : group) member->done = true;
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(group.size()));
    lock.unlock();
    done_.notify_all();
    for (const auto& tool : news.tools) ground_.subscribers.tell(tool);
    for (const auto& [tool, event] : news.events) ground_.events.tell(tool, event);
  }
  return std::move(pending.outcome);
}

std::vector<Committer::Pending*> Committer::take_group() {
  const std::lock_guard lock(queue_mutex_);
  std::vector<Pending*> group;
  std::size_t bytes = 0;
  for (auto* const pending : queue_) {
    if (!group.empty() && bytes >= kGroupBytes) break;
    bytes += pending->size_bytes();
    group.push_back(pending);
  }
  return group;
}

Committer::News Committer::run(const std::vector<Pending*>& group) {
  const auto begun = std::chrono::steady_clock::now();
  Group work(*this, ground_.now());
  auto outcome = ground_.db->settle();
  if (outcome) {
    for (auto* const pending : group) pending->outcome = work.add(*pending);
    outcome = work.write();
  }
  if (!outcome) {
    for (auto* const pending : group) pending->outcome = outcome;
    return {};
  }
  work.publish();
  meters().commit_seconds.observe_seconds(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  return work.news();
}

std::optional<std::uint64_t> Committer::next_offset(std::uint32_t partition) const {
  const std::lock_guard lock(offsets_mutex_);
  const auto found = offsets_.find(partition);
  return found != offsets_.end() ? std::optional(found->second) : std::nullopt;
}

std::optional<std::uint64_t> Committer::next_position(std::string_view source) const {
  auto value = ground_.db->get(*ground_.positions, source);
  if (!value || !*value) return std::nullopt;
  auto position = decode_position(**value);
  return position ? std::optional(position->next) : std::nullopt;
}

Result<std::size_t> Committer::forget_sources(std::int64_t before_ns) {
  const auto old = [before_ns](std::string_view value) {
    const auto position = decode_position(value);
    return position && position->last_use_ns < before_ns;
  };
  std::size_t forgotten = 0;
  for (std::string from;;) {
    std::vector<std::string> sources;
    auto read = ground_.db->each(*ground_.positions, from,
                                 [&](std::string_view source, std::string_view value) {
                                   if (old(value)) sources.emplace_back(source);
                                   return sources.size() < kForgetAtOnce;
                                 });
    if (!read) return fail(std::move(read).error());
    if (sources.empty()) return forgotten;
    from = sources.back() + '\0';
    const std::lock_guard leader(leading_);
    Change change;
    for (auto& source : sources) {  // it may have been used since
      auto value = ground_.db->get(*ground_.positions, source);
      if (value && *value && old(**value)) change.remove(ground_.positions, std::move(source));
    }
    auto written = ground_.db->write(change);
    if (!written) return fail(std::move(written).error());
    forgotten += change.operations.size();
  }
}

}  // namespace logboom::store
