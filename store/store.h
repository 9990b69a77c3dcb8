// The store: batches in, durable and in order; lines out, by time or by commit order.
//
// A batch is durable and visible the moment append() returns: one synced RocksDB WriteBatch carries
// its lines, the source's next position and the Kafka offset. Lines lie in the inbox (the
// compressed batch as one value) until the sealer turns a tool's share of it into a block: sorted
// by stream and time, compressed columns, an index over words. FORMAT.md draws the bytes.
//
// Units:   times are UTC nanoseconds; sizes are bytes before compression.
// Errors:  busy: another process owns the directory. full: no space; nothing was stored, ask again.
//          corrupt: a value failed its checksum (that block is quarantined, the rest answers).
// Owns:    the database; closed by the destructor, which seals nothing (the inbox is durable).
// Threads: all public functions from any thread. Concurrent appends share one sync (group commit).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/batch.h"
#include "core/labels.h"
#include "core/result.h"
#include "store/ledger.h"
#include "store/progress.h"

namespace rocksdb {
class Env;
}

namespace logboom::store {

struct Options {
  std::string directory;
  std::size_t seal_bytes = 8 << 20;       // a tool's inbox is sealed at this size ...
  std::chrono::seconds seal_age{300};     // ... or when its oldest batch is this old
  std::chrono::hours retention{24 * 30};  // counted from the commit
  std::string retention_class = "default";
  std::size_t slice_blocks = 64;             // blocks of one size that make a group of the index
  std::size_t max_batch_bytes = 64 << 20;    // one append's lines
  std::uint64_t min_free_bytes = 256 << 20;  // less free on the disk: `full`
  std::function<std::int64_t()> now;         // empty: the system's clock
  rocksdb::Env* env = nullptr;               // not owned; tests inject faults here
  bool background = true;                    // seal and drop old days on a thread of the store
};

// Where a batch was committed: lines are numbered by (partition, offset, index), the same on every
// replica. Batches that did not come through Kafka have the store's own partition and counter.
inline constexpr std::uint32_t kLocalPartition = 0xffff'ffff;
struct Place {
  std::uint32_t partition = kLocalPartition;
  std::uint64_t offset = 0;
  friend auto operator<=>(const Place&, const Place&) = default;
};

// How far a reader has come: per partition, the place of the next line. Opaque to clients.
struct Cursor {
  struct Next {
    std::uint64_t offset = 0;
    std::uint32_t index = 0;
    friend auto operator<=>(const Next&, const Next&) = default;
  };
  std::map<std::uint32_t, Next> next;

  [[nodiscard]] std::string text() const;
  [[nodiscard]] static Result<Cursor> parse(std::string_view text);
};

// One line as readers see it. Views are valid during the call that hands it out.
struct LineView {
  std::int64_t time_ns = 0;
  Place place;
  std::uint32_t index = 0;  // in its batch
  std::uint64_t position = 0;
  Level level = Level::unknown;
  const Labels* stream = nullptr;
  std::string_view body;
  std::span<const Attribute> metadata;  // columns (pod, node, filename, run, source) and more
};

// A text inside a line. any_case: ASCII letters match in either case; the text is in lower case.
struct Literal {
  std::string text;
  bool any_case = false;
  friend bool operator==(const Literal&, const Literal&) = default;
};

struct Scan {
  std::int64_t start = 0, end = 0;  // [start, end)
  bool newest_first = true;
  // Which streams; empty: all.
  std::function<bool(const Labels&)> stream = {};
  // Every wanted line contains at least one literal of each clause: prunes blocks and frames, and
  // lines that lack one need not be visited.
  std::vector<std::vector<Literal>> texts = {};
  // Every wanted line has metadata with each of these values (whole values): prunes blocks.
  std::vector<std::string> values = {};
  // Which lines are visited; empty: all. Called by several threads at once, so that a large scan
  // uses all cores; lines are visited by the caller's thread all the same.
  std::function<bool(const LineView&)> filter = {};
  std::stop_token stop = {};
};

struct ScanStats {
  std::uint64_t pieces = 0, pieces_skipped = 0;  // blocks and inbox batches read; ruled out
  std::uint64_t frames = 0;                      // unpacked
  std::uint64_t index_reads = 0;                 // values of the index
  std::uint64_t lines = 0, bytes = 0;            // of the wanted streams and times in those read
  std::uint64_t quarantined = 0;                 // blocks that failed their checksum
};

// How many lines there were, over time and by level. Minutes are the finest that is counted: the
// range is taken down (start) and up (end) to whole minutes.
struct CountsQuery {
  std::int64_t start = 0, end = 0;                 // [start, end)
  std::int64_t step_ns = 0;                        // whole minutes; 0: one bucket
  std::function<bool(const Labels&)> stream = {};  // which streams; empty: all
  std::stop_token stop = {};
};
inline constexpr std::size_t kMaxBuckets = 11'000;
using LevelCounts = std::array<std::uint64_t, kLevels>;  // as Level numbers them
struct Counts {
  std::int64_t start = 0, end = 0;  // the range that was counted
  // Bucket i counts [start + i * step, start + (i + 1) * step), up to end. An empty range has none.
  std::vector<LevelCounts> buckets;
};

// A consistent view of one tool's lines, cheap to take; hold it for one query.
// Threads: const from any.
class Snapshot {
 public:
  // What scan() tells before each piece: nothing it will hand out from here on is newer (or, oldest
  // first, older) than `bound`, and what it has looked at. Return false to end the scan.
  using More = std::function<bool(std::int64_t bound, const ScanStats& so_far)>;
  using Visit = std::function<void(const LineView&)>;
  // Visits the wanted lines in [start, end), piece by piece in order of the pieces' newest (oldest)
  // line. Inside a piece the order is by stream and time: readers sort what they keep.
  [[nodiscard]] Result<ScanStats> scan(const Scan& scan, const More& more,
                                       const Visit& visit) const;

  // Visits lines in commit order after the cursor and moves it past them; ends after about `bytes`.
  // False when nothing is left. A cursor older than retention goes on at the oldest line kept.
  [[nodiscard]] Result<bool> read_after(Cursor& cursor, std::size_t bytes,
                                        const Visit& visit) const;
  // Errors: invalid, with the remedy (step not in minutes, over kMaxBuckets); cancelled; scan()'s.
  [[nodiscard]] Result<Counts> counts(const CountsQuery& query) const;

  // The cursor after everything in this snapshot.
  [[nodiscard]] Cursor end() const;

  // Label sets with a line in [start, end), to the precision of pieces. Exact on labels.
  [[nodiscard]] std::vector<Labels> streams(std::int64_t start, std::int64_t end) const;
  // Distinct values of a column (pod, node, filename, run), at most `limit`.
  [[nodiscard]] std::vector<std::string> column_values(std::string_view column, std::int64_t start,
                                                       std::int64_t end, std::size_t limit) const;

  struct State;
  explicit Snapshot(std::shared_ptr<const State> state) : state_(std::move(state)) {}

 private:
  std::shared_ptr<const State> state_;
};

// What became of one batch.
struct Appended {
  enum class Kind : std::uint8_t {
    stored,
    seen,      // all of it was stored before: accepted and ignored
    conflict,  // it starts after a hole: `expected` is where the source must go on
  };
  Kind kind = Kind::stored;
  std::uint64_t lines = 0;     // stored now
  std::uint64_t trimmed = 0;   // lines of it stored before
  std::uint64_t expected = 0;  // the source's next position, after this append
  Place place;
};

// A batch read from Kafka.
struct Logged {
  std::uint64_t offset = 0;
  std::int64_t append_time_ns = 0;
  std::vector<Batch> batches;  // none: a message that could not be decoded; the offset still moves
};

struct Stats {
  std::uint64_t inbox_batches = 0, inbox_bytes = 0, blocks = 0, block_bytes_raw = 0,
                block_bytes_stored = 0, index_bytes = 0, lines = 0, tools = 0, streams = 0,
                quarantined = 0;
};

struct Manifest;       // backup.h
struct VerifyReport;   // verify.h
struct CompactReport;  // compact.h
struct Overview;       // overview.h

class Store {
 public:
  static Result<std::unique_ptr<Store>> open(Options options);
  ~Store();

  // Commits the batches, all in one sync, and says what became of each. A batch with a hole before
  // it is refused alone (`conflict`); its neighbours are stored. Returns after the sync: after a
  // power cut all of it is there. Errors: full, io, too_large: nothing was stored.
  [[nodiscard]] Result<std::vector<Appended>> append(std::vector<Batch> batches);

  // Commits messages of one partition, in order, with the partition's next offset. Messages below
  // that offset are ignored. A hole in a source is stored and remembered, and a late fill accepted.
  [[nodiscard]] Result<void> append_logged(std::uint32_t partition, std::vector<Logged> messages);
  // Where to go on reading a partition; nothing if it was never read.
  [[nodiscard]] std::optional<std::uint64_t> next_offset(std::uint32_t partition) const;
  // Where a source goes on; nothing if it is unknown.
  [[nodiscard]] std::optional<std::uint64_t> next_position(std::string_view source) const;

  [[nodiscard]] Snapshot snapshot(std::string_view tool) const;
  [[nodiscard]] std::vector<std::string> tools() const;
  [[nodiscard]] Stats stats() const;
  // What became of runs; as long-lived as the store.
  [[nodiscard]] Ledger& ledger();

  // Calls `committed` after each commit that added lines of the tool (on the committing thread: be
  // quick, do not call back). Ends when the returned object dies.
  [[nodiscard]] std::shared_ptr<void> subscribe(std::string_view tool,
                                                std::function<void()> committed);

  // Seals every tool's inbox now / what is due, and extends the index; drops days past retention.
  // The background thread calls the latter two; tests and the operator call them by hand.
  [[nodiscard]] Result<void> seal_all();
  [[nodiscard]] Result<void> seal_due();
  [[nodiscard]] Result<std::size_t> drop_expired_days();
  // Compresses one block of a day that is over for good. False: nothing is left to do. The
  // background thread calls it in a part of its time.
  [[nodiscard]] Result<bool> recompress_one();

  // The operator's; the headers named above say more. Each may take long, and does not keep appends
  // and readers waiting. `backup`: a whole path where nothing lies yet.
  [[nodiscard]] Result<Manifest> backup(std::string_view directory, const Progress& progress = {},
                                        const std::stop_token& stop = {});
  [[nodiscard]] Result<VerifyReport> verify(const Progress& progress = {},
                                            const std::stop_token& stop = {});
  [[nodiscard]] Result<CompactReport> compact(const Progress& progress = {},
                                              const std::stop_token& stop = {});
  [[nodiscard]] Overview overview() const;

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The format this program writes; it reads those before it.
[[nodiscard]] std::uint64_t newest_format();

}  // namespace logboom::store
