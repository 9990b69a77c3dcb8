#include "store/store.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/log.h"
#include "core/time.h"
#include "store/backup.h"
#include "store/bytes.h"
#include "store/commit.h"
#include "store/compact.h"
#include "store/ground.h"
#include "store/keys.h"
#include "store/load.h"
#include "store/overview.h"
#include "store/seal.h"
#include "store/snapshot.h"
#include "store/verify.h"

namespace logboom::store {
namespace {

constexpr std::uint64_t kFormat = 2;
constexpr std::int64_t kMaxFamilies =
    95;  // of days; with the four others below RocksDB's comfort of 100
constexpr std::chrono::seconds kTick{1};  // between looks at what is due
constexpr std::chrono::minutes kDropEvery{1};
constexpr std::size_t kDaysAtOnce = 2;  // more at once are dropped only after kDoubt
constexpr std::chrono::hours kDoubt{1};
constexpr std::chrono::hours kForgetAfter{24 * 7};  // after retention, a source's position goes too

Result<void> check(const Options& options) {
  if (options.directory.empty()) return fail(Errc::invalid, "store: name its directory (--data)");
  const auto days = std::chrono::ceil<std::chrono::days>(options.retention).count();
  if (options.retention.count() < 0 || days + 2 > kMaxFamilies)
    return fail(Errc::invalid, "store: a retention of " + std::to_string(days) +
                                   " days is not possible; set 0 to " +
                                   std::to_string(kMaxFamilies - 2) + " days");
  const auto& name = options.retention_class;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (name.empty() || name.size() > 32 || !plain)
    return fail(Errc::invalid,
                "store: a retention class is 1 to 32 of a-z, 0-9 and '-', not '" + name + "'");
  return {};
}

Result<void> check_format(Ground& ground) {
  auto value = ground.db->get(*ground.meta, kFormatKey);
  if (!value) return fail(std::move(value).error());
  ByteReader reader(value->value_or(std::string(1, '\0')));
  const auto format = reader.varint();
  if (reader.ok() && format == kFormat) return {};
  if (reader.ok() && format < kFormat) {  // what an older one holds is read as it is
    Change change;
    std::string number;
    put_varint(number, kFormat);
    change.put(ground.meta, std::string(kFormatKey), std::move(number));
    return ground.db->write(change);
  }
  return fail(Errc::invalid, "store " + ground.options.directory + ": it has format " +
                                 std::to_string(format) + ", this program reads up to " +
                                 std::to_string(kFormat) +
                                 "; run the newer logboom, or name another directory");
}

Result<void> open_families(Ground& ground) {
  const std::pair<FamilyPtr*, const char*> all[] = {
      {&ground.meta, "default"},  {&ground.positions, "positions"},
      {&ground.inbox, "inbox"},   {&ground.entries, "directory"},
      {&ground.ledger, "ledger"}, {&ground.streams, "streams"}};
  for (const auto& [family, name] : all) {
    auto opened = ground.db->family(name);
    if (!opened) return fail(std::move(opened).error());
    *family = *std::move(opened);
  }
  return {};
}

}  // namespace

struct Store::State {
  explicit State(Options options) { ground->options = std::move(options); }

  std::shared_ptr<Ground> ground = std::make_shared<Ground>();
  Committer committer{*ground};
  Sealer sealer{*ground};
  Ledger ledger{*ground};

  std::mutex forget_mutex;  // guards forgot_ns
  std::int64_t forgot_ns = 0;
  std::optional<std::chrono::steady_clock::time_point> doubt_since;  // the background thread's

  std::mutex wake_mutex;  // guards woken
  std::condition_variable_any wake;
  bool woken = false;
  std::jthread background;  // last: it ends before what it uses

  Result<void> load() {
    auto opened = open_families(*ground);
    if (opened) opened = check_format(*ground);
    if (opened) opened = committer.load();
    if (!opened) return opened;
    return find_values(*ground, sealer);
  }

  // After a commit: seal now if the inbox is far too large, soon if it is large.
  void committed(const std::vector<std::string>& tools) {
    if (!ground->options.background) return;
    for (const auto& tool : tools) {
      sealer.help(tool);
      if (!sealer.due(ground->directory.inbox(tool))) continue;
      const std::lock_guard lock(wake_mutex);
      woken = true;
      wake.notify_one();
    }
  }

  // Many days past retention at once look like a clock that is wrong, or like a server that was off
  // for long. Only the latter is still so an hour later.
  bool believes_clock(std::chrono::steady_clock::time_point now) {
    const std::size_t days = sealer.expired_days();
    if (days <= kDaysAtOnce) {
      doubt_since.reset();
      return true;
    }
    if (!doubt_since) {
      doubt_since = now;
      log::error("many days are past retention at once: is the clock right? They go in an hour",
                 {{"days", days}, {"today", day_name(day_of(ground->now()))}});
    }
    return now - *doubt_since >= kDoubt;
  }

  // For a part of each tick, so that at most a quarter of one core is busy with it.
  Result<void> recompress_some(const std::stop_token& stop) {
    const auto begun = std::chrono::steady_clock::now();
    while (!stop.stop_requested() && std::chrono::steady_clock::now() - begun < kTick / 4) {
      auto any = sealer.recompress_one(day_of(ground->now()));
      if (!any) return fail(std::move(any).error());
      if (!*any) break;
    }
    return {};
  }

  void run(const std::stop_token& stop) {
    using Clock = std::chrono::steady_clock;
    auto drop_at = Clock::now();
    auto last = Errc::cancelled;  // what was told last: the same failure is told once
    while (!stop.stop_requested()) {
      {
        std::unique_lock lock(wake_mutex);
        wake.wait_for(lock, stop, kTick, [this] { return woken; });
        woken = false;
      }
      if (stop.stop_requested()) return;
      auto done = sealer.seal_due(stop);
      if (done) done = sealer.slice_due();
      if (done) done = recompress_some(stop);
      if (const auto now = Clock::now(); now >= drop_at && believes_clock(now)) {
        auto dropped = drop_expired_days();
        if (dropped)
          drop_at = now + kDropEvery;
        else if (done)
          done = fail(std::move(dropped).error());
      }
      const auto stats = ground->stats();
      meters().inbox_bytes.set(static_cast<std::int64_t>(stats.inbox_bytes));
      meters().block_bytes.set(static_cast<std::int64_t>(stats.block_bytes_stored));
      meters().index_bytes.set(static_cast<std::int64_t>(stats.index_bytes));
      if (done) {
        last = Errc::cancelled;
        continue;
      }
      meters().background_errors.add();
      if (std::exchange(last, done.error().code) != done.error().code)
        log::error("sealing failed and is tried again", {{"error", done.error().message}});
    }
  }

  Result<std::size_t> drop_expired_days() {
    auto days = sealer.drop_expired_days();
    if (!days) return days;
    const auto now = ground->now();
    const std::lock_guard lock(forget_mutex);
    // A clock that was ahead for a while must not keep this from running again.
    if (std::abs(now - forgot_ns) < std::chrono::nanoseconds(std::chrono::days(1)).count()) {
      return days;
    }
    const std::chrono::nanoseconds kept = ground->options.retention + kForgetAfter;
    auto forgotten = committer.forget_sources(now - kept.count());
    if (forgotten) {
      const std::chrono::nanoseconds lines_kept = ground->options.retention;
      forgotten = ledger.forget(now - lines_kept.count());
    }
    if (!forgotten) return forgotten;
    forgot_ns = now;
    return days;
  }
};

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(Options options) {
  auto good = check(options);
  if (!good) return fail(std::move(good).error());
  auto state = std::make_unique<State>(std::move(options));
  auto& ground = *state->ground;
  auto db = Database::open(ground.options.directory, ground.options.env);
  if (!db) return fail(std::move(db).error());
  ground.db = *std::move(db);
  remove_checkpoint(ground);
  auto loaded = state->load();
  if (!loaded) return fail(std::move(loaded).error());
  if (ground.options.background)
    state->background =
        std::jthread([s = state.get()](const std::stop_token& stop) { s->run(stop); });
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

Result<std::vector<Appended>> Store::append(std::vector<Batch> batches) {
  std::vector<std::string> tools;
  for (const auto& batch : batches) tools.push_back(batch.tool);
  auto appended = state_->committer.append(std::move(batches));
  if (appended) state_->committed(tools);
  return appended;
}

Result<void> Store::append_logged(std::uint32_t partition, std::vector<Logged> messages) {
  std::vector<std::string> tools;
  for (const auto& message : messages)
    for (const auto& batch : message.batches)
      if (std::find(tools.begin(), tools.end(), batch.tool) == tools.end())
        tools.push_back(batch.tool);
  auto appended = state_->committer.append_logged(partition, std::move(messages));
  if (appended) state_->committed(tools);
  return appended;
}

std::optional<std::uint64_t> Store::next_offset(std::uint32_t partition) const {
  return state_->committer.next_offset(partition);
}

std::optional<std::uint64_t> Store::next_position(std::string_view source) const {
  return state_->committer.next_position(source);
}

Snapshot Store::snapshot(std::string_view tool) const {
  auto state = std::make_shared<Snapshot::State>();
  state->ground = state_->ground;
  // The directory first: everything it names is in the database's view then.
  state->view = state_->ground->db->view([&] {
    state->tool = state_->ground->directory.view(tool);
    state->indexes = state_->ground->indexes;
  });
  return Snapshot(std::move(state));
}

std::vector<std::string> Store::tools() const { return state_->ground->directory.tools(); }

Ledger& Store::ledger() { return state_->ledger; }

Stats Store::stats() const { return state_->ground->stats(); }

std::shared_ptr<void> Store::subscribe(std::string_view tool, std::function<void()> committed) {
  return state_->ground->subscribers.add(tool, std::move(committed));
}

Result<void> Store::seal_all() { return state_->sealer.seal_all(); }
Result<void> Store::seal_due() {
  auto sealed = state_->sealer.seal_due({});
  return sealed ? state_->sealer.slice_due() : sealed;
}
Result<bool> Store::recompress_one() {
  return state_->sealer.recompress_one(day_of(state_->ground->now()));
}
Result<std::size_t> Store::drop_expired_days() { return state_->drop_expired_days(); }

std::uint64_t newest_format() { return kFormat; }

Result<Manifest> Store::backup(std::string_view directory, const Progress& progress,
                               const std::stop_token& stop) {
  return make_backup(*state_->ground, std::string(directory), progress, stop);
}
Result<VerifyReport> Store::verify(const Progress& progress, const std::stop_token& stop) {
  return store::verify(*state_->ground, progress, stop);
}
Result<CompactReport> Store::compact(const Progress& progress, const std::stop_token& stop) {
  return store::compact(*state_->ground, state_->sealer, progress, stop);
}
Overview Store::overview() const { return store::overview(*state_->ground); }

}  // namespace logboom::store
