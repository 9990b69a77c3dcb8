// What the store's tests share: a directory that goes away, batches in one line, and the naive twin
// that the store must equal.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "store/fault_env.h"
#include "store/store.h"

namespace logboom::store {

class TempDir {
 public:
  TempDir() {
    auto pattern = (std::filesystem::temp_directory_path() / "logboom-store-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  ~TempDir() { std::filesystem::remove_all(path_); }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::string path() const { return path_ + "/store"; }

 private:
  std::string path_;
};

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kDay = 86'400 * kSecond;
inline constexpr std::int64_t kStart = 20'000 * kDay + 5 * kSecond;  // a moment in 2024

// A store without a thread of its own and with a clock that stands still unless moved.
struct Clock {
  std::int64_t now = kStart;
};
// Syncs that only pretend: a unit test cuts no power.
inline rocksdb::Env* quick_env() {
  static const FaultEnv quick;
  return quick.env();
}
inline Options options_in(const TempDir& dir, const Clock& clock) {
  Options options;
  options.directory = dir.path();
  options.now = [&clock] { return clock.now; };
  options.min_free_bytes = 0;
  options.background = false;
  options.env = quick_env();
  return options;
}
inline std::unique_ptr<Store> must_open(Options options) {
  auto store = Store::open(std::move(options));
  INFO((store ? std::string() : store.error().message));
  REQUIRE(store);
  return *std::move(store);
}

// A batch of one stream. Positions: each line ends `step` bytes after the one before.
inline Batch batch_of(const std::string& tool, const std::vector<std::string>& lines,
                      std::int64_t time_ns = kStart) {
  Batch batch;
  batch.tool = tool;
  batch.redacted = true;
  batch.streams.push_back(Labels({{"job", "bot"}}));
  for (const auto& line : lines) {
    Record record;
    record.time_ns = time_ns++;
    record.body = batch.arena.copy(line);
    batch.records.push_back(std::move(record));
  }
  return batch;
}
inline Batch spanned(Batch batch, const std::string& source, std::uint64_t previous,
                     std::uint64_t step = 10) {
  auto position = previous;
  for (auto& record : batch.records) record.position = position += step;
  batch.span = SourceSpan{source, previous, position};
  return batch;
}
inline std::vector<Batch> one(Batch batch) {
  std::vector<Batch> batches;
  batches.push_back(std::move(batch));
  return batches;
}

// A line as the twin keeps it, and as one read from the store is compared.
struct TwinLine {
  Place place;
  std::uint32_t index = 0;
  std::int64_t time_ns = 0;
  std::uint64_t position = 0;
  Level level = Level::unknown;
  Labels stream;
  std::string body;
  std::vector<std::pair<std::string, std::string>> metadata;
  friend bool operator==(const TwinLine&, const TwinLine&) = default;

  [[nodiscard]] auto order() const { return std::tie(place, index); }
  [[nodiscard]] std::string value(std::string_view name) const {
    for (const auto& [key, value] : metadata)
      if (key == name) return value;
    return {};
  }
};

inline TwinLine twin_of(const LineView& line) {
  TwinLine twin{line.place, line.index,   line.time_ns,           line.position,
                line.level, *line.stream, std::string(line.body), {}};
  for (const auto& [name, value] : line.metadata) twin.metadata.emplace_back(name, value);
  return twin;
}

// The lines of a batch as they must come back when all of it is stored at `place`.
inline std::vector<TwinLine> twins_of(const Batch& batch, Place place, std::uint32_t first = 0) {
  std::vector<TwinLine> twins;
  for (const auto& record : batch.records) {
    TwinLine twin{place,
                  first++,
                  record.time_ns,
                  record.position,
                  record.level,
                  batch.streams[record.stream],
                  std::string(record.body),
                  {}};
    for (const auto& [name, value] : batch.columns) twin.metadata.emplace_back(name, value);
    if (batch.span) twin.metadata.emplace_back("source", batch.span->source);
    for (const auto& [name, value] : record.metadata) twin.metadata.emplace_back(name, value);
    twins.push_back(std::move(twin));
  }
  return twins;
}

inline void sort(std::vector<TwinLine>& lines) {
  std::sort(lines.begin(), lines.end(),
            [](const TwinLine& a, const TwinLine& b) { return a.order() < b.order(); });
}

inline bool all_of_it(std::int64_t, const ScanStats&) { return true; }

inline std::vector<TwinLine> scan_all(const Snapshot& snapshot, Scan scan = {}) {
  if (scan.end == 0) {
    scan.start = INT64_MIN;
    scan.end = INT64_MAX;
  }
  std::vector<TwinLine> lines;
  auto stats =
      snapshot.scan(scan, all_of_it, [&](const LineView& line) { lines.push_back(twin_of(line)); });
  INFO((stats ? std::string() : stats.error().message));
  REQUIRE(stats);
  CHECK(stats->lines >= lines.size());
  if (scan.texts.empty() && !scan.filter) CHECK(stats->lines == lines.size());
  sort(lines);
  return lines;
}

inline std::vector<std::string> bodies(const std::vector<TwinLine>& lines) {
  std::vector<std::string> texts;
  for (const auto& line : lines) texts.push_back(line.body);
  return texts;
}

inline std::vector<TwinLine> read_on(const Snapshot& snapshot, Cursor& cursor,
                                     std::size_t bytes = 1 << 20) {
  std::vector<TwinLine> lines;
  for (bool more = true; more;) {
    const auto before = lines.size();
    auto read = snapshot.read_after(cursor, bytes,
                                    [&](const LineView& line) { lines.push_back(twin_of(line)); });
    REQUIRE(read);
    more = *read;
    if (more) REQUIRE(lines.size() > before);
  }
  return lines;
}

}  // namespace logboom::store
