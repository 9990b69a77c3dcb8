#include "store/ground.h"

#include <sys/statvfs.h>

#include "core/log.h"
#include "core/time.h"
#include "store/keys.h"

namespace logboom::store {

Meters& meters() {
  using metrics::counter;
  static Meters all{
      .lines = counter("logboom_store_appended_lines_total", "Lines committed"),
      .bytes = counter("logboom_store_appended_bytes_total", "Bytes of lines committed"),
      .seen = counter("logboom_store_seen_lines_total",
                      "Lines refused because they were stored before"),
      .conflicts =
          counter("logboom_store_conflicts_total", "Batches refused for a hole before them"),
      .rejected = counter("logboom_store_rejected_batches_total",
                          "Batches from Kafka that could not be stored"),
      .rejected_events =
          counter("logboom_store_rejected_events_total", "Run events that could not be kept"),
      .forgotten_holes = counter("logboom_store_forgotten_holes_total",
                                 "Holes of sources forgotten because there were too many"),
      .blocks = counter("logboom_store_sealed_blocks_total", "Blocks sealed"),
      .sealed_bytes =
          counter("logboom_store_sealed_bytes_total", "Bytes of lines sealed into blocks"),
      .quarantined =
          counter("logboom_store_quarantined_total", "Stored values that failed a check"),
      .dropped_days = counter("logboom_store_dropped_days_total", "Days dropped past retention"),
      .background_errors = counter("logboom_store_background_errors_total",
                                   "Failures to seal or to drop, which are tried again"),
      .commit_seconds = metrics::histogram("logboom_store_commit_seconds",
                                           "Time from a group's first look-up to its sync"),
      .inbox_bytes =
          metrics::gauge("logboom_store_inbox_bytes", "Stored bytes waiting to be sealed"),
      .block_bytes = metrics::gauge("logboom_store_block_bytes",
                                    "Stored bytes of sealed blocks with their index"),
      .index_bytes =
          metrics::gauge("logboom_store_index_bytes", "Stored bytes of the index of sealed blocks"),
      .groups = counter("logboom_store_index_groups_total", "Groups of the index made"),
      .recompressed = counter("logboom_store_recompressed_blocks_total",
                              "Blocks of past days compressed for good")};
  return all;
}

std::shared_ptr<void> Subscribers::add(std::string_view tool, std::function<void()> committed) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->committed = std::move(committed);
  const std::lock_guard lock(all_->mutex);
  all_->by_tool.emplace(tool, subscriber);
  return {subscriber.get(),
          [all = std::weak_ptr(all_), subscriber, name = std::string(tool)](void*) {
            if (const auto alive = all.lock()) {
              const std::lock_guard still(alive->mutex);
              const auto [begin, end] = alive->by_tool.equal_range(name);
              for (auto at = begin; at != end; ++at) {
                if (at->second != subscriber) continue;
                alive->by_tool.erase(at);
                break;
              }
            }
            const std::lock_guard not_called(subscriber->calling);
            subscriber->committed = nullptr;
          }};
}

void Subscribers::tell(const std::string& tool) const {
  std::vector<std::shared_ptr<Subscriber>> called;
  {
    const std::lock_guard lock(all_->mutex);
    const auto [begin, end] = all_->by_tool.equal_range(tool);
    for (auto at = begin; at != end; ++at) called.push_back(at->second);
  }
  for (const auto& subscriber : called) {
    const std::lock_guard lock(subscriber->calling);
    if (subscriber->committed) subscriber->committed();
  }
}

std::int64_t Ground::now() const { return options.now ? options.now() : now_ns(); }

bool Ground::expired(std::int32_t day) const {
  const std::chrono::nanoseconds day_end = std::chrono::days(std::int64_t{day} + 1);
  return day_end + options.retention < std::chrono::nanoseconds(now());
}

Result<void> Ground::check_space(std::uint64_t least) {
  const std::lock_guard lock(space_mutex_);
  const auto moment = std::chrono::steady_clock::now();
  if (free_bytes_ == UINT64_MAX || moment - space_asked_ > std::chrono::seconds(1)) {
    struct statvfs disk = {};
    // A directory that only an injected file system knows has no disk to be full.
    if (statvfs(options.directory.c_str(), &disk) != 0) return {};
    free_bytes_ = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    space_asked_ = moment;
  }
  if (free_bytes_ >= least) return {};
  return fail(Errc::full, "store " + options.directory + ": only " +
                              std::to_string(free_bytes_ >> 20) + " MiB are free on its disk, " +
                              std::to_string(least >> 20) +
                              " are kept; free space, or keep lines for fewer days");
}

Result<std::string> Ground::value(const Piece& piece, const View* view) {
  if (piece.quarantined) return fail(Errc::corrupt, "store: this value is quarantined");
  const auto& family = piece.in_inbox() ? *inbox : *piece.family;
  const auto key = piece.in_inbox() ? inbox_key(piece.partition, piece.first)
                                    : block_key(piece.block, BlockPart::lines);
  auto value = db->get(family, key, view);
  if (value && *value) return **std::move(value);
  auto error = value ? Error{Errc::corrupt, "store: a value is missing"} : std::move(value).error();
  if (error.code == Errc::corrupt) quarantine(&piece, error.message);
  return fail(std::move(error));
}

Result<Lines> Ground::lines(const Piece& piece, const View* view, const Wanted& wanted) {
  auto bytes = value(piece, view);
  if (!bytes) return fail(std::move(bytes).error());
  auto lines = decode(*std::move(bytes), wanted);
  if (lines && (lines->partition != piece.partition || lines->raw_bytes != piece.raw_bytes))
    lines = fail(Errc::corrupt, "store: a value is not the one of its key");
  if (!lines && lines.error().code == Errc::corrupt) quarantine(&piece, lines.error().message);
  return lines;
}

Result<Head> Ground::head(const Piece& piece, const View* view) {
  auto bytes = value(piece, view);
  if (!bytes) return fail(std::move(bytes).error());
  auto head = decode_head(*bytes);
  if (!head) quarantine(&piece, head.error().message);
  return head;
}

Stats Ground::stats() const {
  auto stats = directory.stats();
  IndexesPtr all;
  const auto view = db->view([&] { all = indexes; });
  for (const auto& [day, index] : *all) {
    for (const auto& group : *index) {
      stats.index_bytes += group->bytes - group->replaced;  // wraps, and comes out right
      stats.block_bytes_stored += group->bytes - group->replaced;
    }
  }
  stats.quarantined = quarantined;
  return stats;
}

void Ground::quarantine(const Piece* piece, const std::string& reason) {
  if (piece != nullptr && piece->quarantined.exchange(true)) return;
  ++quarantined;
  meters().quarantined.add();
  if (piece == nullptr) {
    log::error("a stored value is wrong and is left out", {{"reason", reason}});
    return;
  }
  log::error("a stored value is wrong and is left out",
             {{"where", piece->in_inbox() ? "inbox" : "block"},
              {"day", day_name(piece->day)},
              {"block", piece->block},
              {"partition", piece->partition},
              {"offset", piece->first.offset},
              {"lines", piece->lines},
              {"reason", reason}});
}

}  // namespace logboom::store
