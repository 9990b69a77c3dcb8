#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "store/frame_search.h"
#include "store/line_view.h"
#include "store/prune.h"
#include "store/snapshot.h"

namespace logboom::store {
namespace {

using Row = Lines::Row;

// Threads that scans have beyond their callers' own: no more than the machine has to spare.
class Helpers {
 public:
  Helpers() {
    const auto most = static_cast<int>(std::thread::hardware_concurrency()) - 1;
    for (int used = in_use_; used < most;)
      if (in_use_.compare_exchange_weak(used, most)) {
        taken_ = most - used;
        return;
      }
  }
  ~Helpers() { in_use_ -= taken_; }
  Helpers(const Helpers&) = delete;
  Helpers& operator=(const Helpers&) = delete;
  [[nodiscard]] int count() const { return taken_; }

 private:
  static inline std::atomic<int> in_use_ = 0;
  int taken_ = 0;
};

// A piece to be looked at: which of its streams are wanted.
struct Task {
  const Piece* piece = nullptr;
  bool skipped = false;
  Wanted wanted;
};

using Emit = std::function<void(const LineReader&, const Row&)>;

class PieceScan {
 public:
  PieceScan(const Snapshot::State& state, const Scan& scan, const FrameSearch& search)
      : state_(state), scan_(scan), search_(search) {}

  // Emits the rows that may be wanted, frame by frame; a row's body lives during the call.
  Result<LineReader> run(const Task& task, ScanStats& stats, const Emit& emit) const {
    auto value = state_.ground->value(*task.piece, state_.view.get());
    if (!value) return fail(std::move(value).error());
    auto reader = LineReader::open(*std::move(value));
    if (!reader) return reader;
    const auto& head = reader->head();
    if (head.partition != task.piece->partition || head.raw_bytes != task.piece->raw_bytes)
      return fail(Errc::corrupt, "store: a value is not the one of its key");
    ++stats.pieces;
    std::vector<char> rows;
    for (std::size_t frame = 0; frame < reader->frames().size(); ++frame) {
      if (scan_.stop.stop_requested()) return fail(Errc::cancelled, "scan: stopped");
      auto looked = look(*reader, frame, task.wanted, rows, stats, emit);
      if (!looked) return fail(std::move(looked).error());
    }
    return reader;
  }

 private:
  Result<void> look(LineReader& reader, std::size_t frame, const Wanted& wanted,
                    std::vector<char>& rows, ScanStats& stats, const Emit& emit) const {
    const auto place = reader.frames()[frame];
    const auto all = std::span(reader.lines().rows).subspan(place.first_row, place.lines);
    rows.resize(all.size());
    std::uint64_t lines = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool row = all[i].time_ns >= scan_.start && all[i].time_ns < scan_.end &&
                       (wanted.streams.empty() || wanted.streams[all[i].stream]);
      rows[i] = row ? 1 : 0;
      lines += row ? 1 : 0;
    }
    if (lines == 0) return {};
    stats.lines += lines;
    stats.bytes += place.bytes * lines / all.size();
    if (!search_.empty()) {
      auto may = search_.may_match(reader, frame);
      if (!may || !*may) return may ? Result<void>{} : fail(std::move(may).error());
    }
    auto text = reader.text(frame);
    if (!text) return fail(std::move(text).error());
    ++stats.frames;
    if (place.bytes == 0) stats.bytes += (*text)->bytes * lines / all.size();  // flat: known now
    search_.match(**text, rows);
    if (std::find(rows.begin(), rows.end(), 1) == rows.end()) return {};
    auto complete = reader.complete(frame);
    if (!complete) return complete;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (rows[i] != 0) emit(reader, all[i]);
    return {};
  }

  const Snapshot::State& state_;
  const Scan& scan_;
  const FrameSearch& search_;
};

// What a thread found in a piece, kept until it is its turn.
struct Found {
  Result<void> outcome;
  ScanStats stats;
  std::optional<LineReader> reader;  // owns streams and metadata
  std::vector<Row> rows;
  Arena bodies;
  bool claimed = false, done = false;
};

void add(ScanStats& to, const ScanStats& from) {
  to.pieces += from.pieces;
  to.frames += from.frames;
  to.lines += from.lines;
  to.bytes += from.bytes;
}

// One scan at work: the caller's thread visits the pieces in order; helpers look at the next ones
// meanwhile, so far ahead that neither waits.
class Scanner {
 public:
  Scanner(const Snapshot::State& state, const Scan& scan)
      : state_(state), scan_(scan), pruner_(state, scan), search_(scan.texts) {
    state.tool->each([&](const PiecePtr& piece) {
      if (overlaps(*piece, scan.start, scan.end)) pieces_.push_back(piece.get());
    });
    std::sort(pieces_.begin(), pieces_.end(), [&](const Piece* a, const Piece* b) {
      return scan.newest_first ? a->max_time > b->max_time : a->min_time < b->min_time;
    });
  }

  Result<ScanStats> run(const Snapshot::More& more, const Snapshot::Visit& visit) {
    std::size_t at = 0;
    for (std::size_t read = 0; at < pieces_.size(); ++at) {
      if (scan_.filter && read == kAlone) break;
      auto task = task_of(at);
      if (!wants_more(at, more)) return end();
      if (task.skipped) continue;
      ++read;
      auto looked = look_here(task, visit);
      if (!looked) return fail(std::move(looked).error());
    }
    if (at < pieces_.size()) {
      auto looked = look_with_helpers(at, more, visit);
      if (!looked) return fail(std::move(looked).error());
    }
    return end();
  }

 private:
  static constexpr std::size_t kAlone = 1;  // pieces; most questions are answered by the first
  static constexpr std::size_t kAhead = 2;  // pieces per helper

  ScanStats end() {
    stats_.pieces_skipped = skipped_;
    stats_.index_reads = pruner_.reads();
    return stats_;
  }

  bool wants_more(std::size_t at, const Snapshot::More& more) const {
    const auto& piece = *pieces_[at];
    return more(scan_.newest_first ? std::min(piece.max_time, scan_.end - 1)
                                   : std::max(piece.min_time, scan_.start),
                stats_);
  }

  Task task_of(std::size_t at) {
    Task task{.piece = pieces_[at], .skipped = false, .wanted = {}};
    task.skipped = !wants(task) || !pruner_.maybe(*task.piece);
    if (task.skipped) ++skipped_;
    return task;
  }

  // Is any stream of the piece wanted, and which?
  bool wants(Task& task) {
    if (!scan_.stream) return true;
    bool any = false, all = true;
    for (const auto& labels : *task.piece->streams) {
      const auto [known, fresh] = asked_.try_emplace(labels.get());
      if (fresh) known->second = scan_.stream(*labels);
      task.wanted.streams.push_back(known->second);
      any = any || known->second;
      all = all && known->second;
    }
    if (all) task.wanted.streams.clear();
    return any;
  }

  // What becomes of a piece that could not be read: a wrong one is left out, and told.
  Result<void> judge(const Piece& piece, Error error) {
    if (error.code != Errc::corrupt) return fail(std::move(error));
    state_.ground->quarantine(&piece, error.message);
    ++stats_.quarantined;
    return {};
  }

  Result<void> look_here(const Task& task, const Snapshot::Visit& visit) {
    std::vector<std::vector<Attribute>> metadata;
    auto reader = PieceScan(state_, scan_, search_)
                      .run(task, stats_, [&](const LineReader& from, const Row& row) {
                        if (metadata.empty()) metadata = metadata_of(from.lines());
                        const auto line = line_of(from.lines(), row, metadata);
                        if (!scan_.filter || scan_.filter(line)) visit(line);
                      });
    return reader ? Result<void>{} : judge(*task.piece, std::move(reader).error());
  }

  void look_ahead(const Task& task, Found& found) const {
    std::vector<std::vector<Attribute>> metadata;
    auto reader = PieceScan(state_, scan_, search_)
                      .run(task, found.stats, [&](const LineReader& from, const Row& row) {
                        if (metadata.empty()) metadata = metadata_of(from.lines());
                        if (!scan_.filter(line_of(from.lines(), row, metadata))) return;
                        found.rows.push_back(row);
                        found.rows.back().body = found.bodies.copy(row.body);
                      });
    if (!reader)
      found.outcome = fail(std::move(reader).error());
    else if (!found.rows.empty())
      found.reader = *std::move(reader);
  }

  Result<void> look_with_helpers(std::size_t begin, const Snapshot::More& more,
                                 const Snapshot::Visit& visit) {
    const Helpers helpers;
    const auto ahead = static_cast<std::size_t>(helpers.count()) * kAhead + 1;
    std::mutex mutex;  // guards what follows, the pruner, asked_ and skipped_
    std::condition_variable changed;
    std::map<std::size_t, std::pair<Task, Found>> tasks;  // by their place among the pieces
    std::size_t next = begin, visited = begin;
    bool ended = false;
    const auto prepare = [&] {  // with the mutex: tasks up to `ahead` that are not skipped
      while (next < pieces_.size() && tasks.size() < ahead) {
        auto task = task_of(next);
        if (!task.skipped) tasks[next].first = std::move(task);
        ++next;
      }
    };
    const auto help = [&] {
      std::unique_lock lock(mutex);
      while (!ended) {
        prepare();
        const auto open = std::find_if(tasks.begin(), tasks.end(), [](const auto& entry) {
          return !entry.second.second.claimed;
        });
        if (open == tasks.end()) {
          if (next == pieces_.size()) return;
          changed.wait(lock);
          continue;
        }
        auto& [task, found] = open->second;
        found.claimed = true;
        lock.unlock();
        look_ahead(task, found);
        lock.lock();
        found.done = true;
        changed.notify_all();
      }
    };
    std::vector<std::jthread> threads;
    for (int i = 0; i < helpers.count(); ++i) threads.emplace_back(help);

    Result<void> outcome;
    std::unique_lock lock(mutex);
    for (prepare(); outcome && !tasks.empty(); prepare()) {
      const auto first = tasks.begin();
      visited = first->first;
      if (scan_.stop.stop_requested()) {
        outcome = fail(Errc::cancelled, "scan: stopped");
        break;
      }
      lock.unlock();
      const bool wanted = wants_more(visited, more);
      lock.lock();
      if (!wanted) break;
      auto& [task, found] = first->second;
      if (!found.claimed) {
        found.claimed = true;
        lock.unlock();
        look_ahead(task, found);
        lock.lock();
        found.done = true;
      }
      changed.wait(lock, [&found = found] { return found.done; });
      add(stats_, found.stats);
      auto taken = std::move(first->second);
      tasks.erase(first);
      prepare();
      changed.notify_all();
      lock.unlock();
      outcome = show(taken.first, taken.second, visit);
      lock.lock();
    }
    ended = true;
    lock.unlock();
    changed.notify_all();
    threads.clear();  // joined
    return outcome;
  }

  Result<void> show(const Task& task, Found& found, const Snapshot::Visit& visit) {
    if (!found.outcome) return judge(*task.piece, std::move(found.outcome).error());
    if (!found.reader) return {};
    const auto& lines = found.reader->lines();
    const auto metadata = metadata_of(lines);
    for (const auto& row : found.rows) visit(line_of(lines, row, metadata));
    return {};
  }

  const Snapshot::State& state_;
  const Scan& scan_;
  std::vector<const Piece*> pieces_;
  Pruner pruner_;
  const FrameSearch search_;
  std::map<const Labels*, bool> asked_;
  std::uint64_t skipped_ = 0;
  ScanStats stats_;  // the caller's thread
};

}  // namespace

Result<ScanStats> Snapshot::scan(const Scan& scan, const More& more, const Visit& visit) const {
  if (scan.start >= scan.end) return ScanStats{};
  return Scanner(*state_, scan).run(more, visit);
}

}  // namespace logboom::store
