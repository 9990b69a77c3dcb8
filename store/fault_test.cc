// Power cuts and failing calls: what was acknowledged is there once and in order, whatever happens.
#include <map>
#include <set>
#include <thread>

#include "store/fault_env.h"
#include "store/store_fixture.h"

namespace logboom::store {
namespace {

// A collector of one source and a Kafka consumer of one partition: both go on from what was
// acknowledged, and send again what was not.
class Client {
 public:
  explicit Client(unsigned seed) : random_(seed) {}

  // One try. True when the store took it.
  bool send(Store& store) {
    auto batch = batch_of("t", texts("direct", sent_, 1 + sent_ % 4));
    const auto next = sent_ + batch.records.size();
    const auto appended = store.append(one(spanned(std::move(batch), "direct", sent_ * 10)));
    if (!appended) return false;
    REQUIRE(appended->front().kind != Appended::Kind::conflict);  // what it acknowledged is lost
    sent_ = next;
    return true;
  }

  bool feed(Store& store) {
    const auto offset = store.next_offset(0).value_or(0);
    REQUIRE(offset >= fed_);
    std::vector<Logged> messages(2);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      messages[i].offset = offset + i;
      messages[i].append_time_ns = 0;  // now
      messages[i].batches =
          one(spanned(batch_of("t", texts("logged", offset + i, 1)), "logged", (offset + i) * 10));
    }
    if (!store.append_logged(0, std::move(messages))) return false;
    fed_ = offset + 2;
    return true;
  }

  // A run that ended, by its end event; and a verdict on the oldest that waits for one, with a
  // record that must be there when the verdict is and only then.
  bool end_run(Store& store, const Clock& clock) {
    Batch batch = batch_of("t", {});
    RunEvent event;
    event.kind = RunEvent::Kind::end;
    event.time_ns = clock.now;
    event.run = "r" + std::to_string(ended_);
    event.job = "j";
    event.exit_code = 1;
    batch.records.push_back(to_record(event, batch.arena));
    if (!store.append(one(std::move(batch)))) return false;
    ++ended_;
    return true;
  }
  bool judge_run(Store& store) {
    const auto pending = store.ledger().pending(1);
    if (!pending || pending->empty()) return false;
    const auto& run = pending->front().run;
    RecordWrite write;
    write.put("told", run, "once");
    write.verdicts.push_back({.tool = "t",
                              .run = run,
                              .judgement = {.outcome = Outcome::failed},
                              .json = "{}",
                              .mark = pending->front().mark});
    if (!store.ledger().write(write)) return false;
    judged_.insert(run);
    return true;
  }

  // Everything that was acknowledged is there, nothing twice, in order, and nothing that was not
  // sent.
  void check(Store& store) const {
    check_runs(store);
    std::map<std::string, std::uint64_t> next;
    for (const auto& line : scan_all(store.snapshot("t"))) {
      const auto source = line.value("source");
      REQUIRE(line.body == text(source, next[source]));
      ++next[source];
    }
    REQUIRE(next["direct"] >= sent_);
    REQUIRE(next["logged"] >= fed_);
    REQUIRE(store.next_offset(0).value_or(0) == next["logged"]);
    REQUIRE(store.next_position("direct").value_or(0) == next["direct"] * 10);
    // The index finds what is there.
    for (const auto* source : {"direct", "logged"}) {
      Scan scan{.start = INT64_MIN, .end = INT64_MAX, .texts = {{{source, false}}}};
      REQUIRE(scan_all(store.snapshot("t"), scan).size() == next[source]);
    }
  }

  std::mt19937& random() { return random_; }

 private:
  void check_runs(Store& store) const {
    std::set<std::string> pending;
    const auto all = store.ledger().pending(10'000);
    REQUIRE(all);
    for (const auto& run : *all) pending.insert(run.run);
    for (std::uint64_t i = 0; i < ended_; ++i) {
      const auto id = "r" + std::to_string(i);
      CAPTURE(id);
      const auto run = store.ledger().run("t", id);
      REQUIRE((run && *run));
      const bool judged = (*run)->judgement.has_value();
      REQUIRE(judged != pending.contains(id));
      REQUIRE(judged == store.ledger().record("told", id)->has_value());
      if (judged_.contains(id)) REQUIRE(judged);
    }
  }

  static std::string text(const std::string& source, std::uint64_t number) {
    // Long enough for a batch to be more than one block of the log's file.
    return source + " " + std::to_string(number) + std::string(number % 7 * 900, 'x');
  }
  static std::vector<std::string> texts(const std::string& source, std::uint64_t first,
                                        std::uint64_t count) {
    std::vector<std::string> all;
    for (auto number = first; number < first + count; ++number) all.push_back(text(source, number));
    return all;
  }

  std::mt19937 random_;
  std::uint64_t sent_ = 0, fed_ = 0;  // acknowledged: lines; offsets
  std::uint64_t ended_ = 0;           // runs
  std::set<std::string> judged_;
};

constexpr int kDaysKept = 20;

// Seals, extends the index, and compresses what is of past days.
void tidy_up(Store& store) {
  (void)store.seal_all();
  (void)store.seal_due();
  for (auto more = store.recompress_one(); more && *more; more = store.recompress_one()) {
  }
}

Options options_of(const TempDir& dir, const Clock& clock, const FaultEnv& faults) {
  auto options = options_in(dir, clock);
  options.env = faults.env();
  options.retention = std::chrono::hours(24) * kDaysKept;
  options.slice_blocks = 1;
  return options;
}

TEST_CASE("after power cuts at random moments every acknowledged line is there once") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  const TempDir dir;
  Clock clock;
  FaultEnv faults;
  Client client(seed);
  auto& random = client.random();
  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    if (round % 4 == 3) clock.now += kDay;
    auto store = must_open(options_of(dir, clock, faults));
    client.check(*store);
    faults.fail_call(1 + random() % 60, FaultEnv::Fault::power);
    for (int i = 0; i < 40 && !faults.has_failed(); ++i) {
      switch (random() % 6) {
        case 0:
          (void)client.feed(*store);
          break;
        case 1:
          tidy_up(*store);
          break;
        case 2:
          (void)client.end_run(*store, clock);
          break;
        case 3:
          (void)client.judge_run(*store);
          break;
        default:
          (void)client.send(*store);
      }
    }
    faults.cut_power();
    for (int i = 0; i < 3; ++i) CHECK_FALSE(client.send(*store));
    store.reset();
    faults.restart(static_cast<unsigned>(random()));
  }
  client.check(*must_open(options_of(dir, clock, faults)));
}

// A store's life in short: sealing, dropping a day, reopening.
void live(const TempDir& dir, Clock& clock, const FaultEnv& faults, Client& client) {
  for (int life = 0; life < 2; ++life) {
    auto store = Store::open(options_of(dir, clock, faults));
    if (!store) store = Store::open(options_of(dir, clock, faults));  // a restart after the failure
    INFO((store ? std::string() : store.error().message));
    REQUIRE(store);
    if (life == 0) {
      (void)(*store)->append(one(batch_of("old", {"of last week"})));
      (void)(*store)->seal_all();
      clock.now += (kDaysKept + 5) * kDay;
    }
    for (int i = 0; i < 2; ++i) {
      // A collector that is refused tries again, a few times before someone looks after the server.
      for (int tries = 0; tries < 3 && !client.send(**store); ++tries) {
      }
      (void)client.feed(**store);
      (void)client.end_run(**store, clock);
      (void)client.judge_run(**store);
      tidy_up(**store);
      clock.now += kDay;
    }
    tidy_up(**store);
    (void)(*store)->drop_expired_days();
    (void)client.send(**store);
    client.check(**store);
  }
}

TEST_CASE("whichever call fails, what was acknowledged stays and the store goes on") {
  // Each call fails in one of two ways, in the next run perhaps in the other: half the time.
  const auto seed = std::random_device()();
  bool failed = true;
  std::uint64_t n = 1;
  for (; failed; ++n) {
    const auto fault = (n + seed) % 2 == 0 ? FaultEnv::Fault::io : FaultEnv::Fault::no_space;
    CAPTURE(seed, n);
    const TempDir dir;
    Clock clock;
    FaultEnv faults;
    Client client(1);
    faults.fail_call(n, fault);
    live(dir, clock, faults, client);
    failed = faults.has_failed();
    faults.fail_call(0, fault);
    // Power goes as well, on half of the runs: the failure must not have left anything half done.
    if ((n + seed) / 2 % 2 == 0) {
      faults.cut_power();
      faults.restart(static_cast<unsigned>(n));
    }
    const auto store = must_open(options_of(dir, clock, faults));
    client.check(*store);
    REQUIRE(client.send(*store));
    REQUIRE(client.feed(*store));
    client.check(*store);
  }
  CHECK(n > 50);
}

TEST_CASE("when space is back after a full disk, appends go on without a restart") {
  const TempDir dir;
  const Clock clock;
  FaultEnv faults;
  Client client(1);
  int refusals = 0;
  for (std::uint64_t n = 1; n <= 3; ++n) {
    CAPTURE(n);
    auto store = must_open(options_of(dir, clock, faults));
    REQUIRE(client.send(*store));
    faults.fail_call(n, FaultEnv::Fault::no_space);
    const auto refused = store->append(one(spanned(batch_of("other", {"refused"}), "other", 0)));
    // The call that failed may have been one of a thread of RocksDB's own: then this one is stored.
    if (!refused) CHECK(refused.error().code == Errc::full);
    CHECK(scan_all(store->snapshot("other")).empty() == !refused);
    refusals += refused ? 0 : 1;
    faults.fail_call(0, FaultEnv::Fault::no_space);
    // RocksDB resumes on a thread of its own.
    int tries = 0;
    while (!client.send(*store) && ++tries < 100'000) std::this_thread::yield();
    for (int i = 0; i < 3; ++i) REQUIRE(client.send(*store));
    client.check(*store);
    store.reset();
    faults.cut_power();
    faults.restart(static_cast<unsigned>(n));
    store = must_open(options_of(dir, clock, faults));
    client.check(*store);
    // Refused means not stored, also after recovery: not its lines, and not its position.
    if (n == 1 && !refused) CHECK(scan_all(store->snapshot("other")).empty());
    CHECK(store->next_position("other").value_or(0) ==
          scan_all(store->snapshot("other")).size() * 10);
  }
  CHECK(refusals > 0);
}

}  // namespace
}  // namespace logboom::store
