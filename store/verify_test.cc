// Verifying: what is wrong on the disk is found, named and left out, and the rest is looked at too.
#include "store/verify.h"

#include <rocksdb/db.h>

#include <fstream>
#include <map>
#include <memory>

#include "store/backup_fixture.h"
#include "store/compact.h"
#include "store/keys.h"
#include "store/overview.h"

namespace logboom::store {
namespace {

const VerifyReport::Kind& kind(const VerifyReport& report, std::string_view name) {
  for (const auto& one : report.kinds)
    if (one.name == name) return one;
  FAIL("no kind " << name);
  std::abort();
}

VerifyReport verified(Store& store) {
  auto report = store.verify();
  INFO((report ? std::string() : report.error().message));
  REQUIRE(report);
  return *std::move(report);
}

// Changes one byte in the middle of the first value of a family whose key ends so.
void flip_value(const std::string& path, const std::string& family, std::string_view key_end = "") {
  rocksdb::Options options;
  std::vector<std::string> names;
  REQUIRE(rocksdb::DB::ListColumnFamilies(options, path, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  REQUIRE(rocksdb::DB::Open(options, path, families, &handles, &opened).ok());
  const std::unique_ptr<rocksdb::DB> db(opened);
  int changed = 0;
  for (auto* const handle : handles) {
    if (changed == 0 && handle->GetName().starts_with(family)) {
      const std::unique_ptr<rocksdb::Iterator> at(db->NewIterator(rocksdb::ReadOptions(), handle));
      for (at->SeekToFirst(); at->Valid() && changed == 0; at->Next()) {
        if (!at->key().ToStringView().ends_with(key_end)) continue;
        auto value = at->value().ToString();
        value[family == "positions" ? 0 : value.size() / 2] ^= 1;  // those have no checksum
        REQUIRE(db->Put(rocksdb::WriteOptions(), handle, at->key(), value).ok());
        ++changed;
      }
    }
    db->DestroyColumnFamilyHandle(handle);
  }
  REQUIRE(changed == 1);
}

TEST_CASE("a good store is verified whole") {
  const TempDir dir;
  Clock clock;
  const auto store = must_open(options_in(dir, clock));
  fill(*store, clock);
  std::vector<Step> steps;
  const auto report =
      store->verify([&](const Step& step) { steps.push_back({step.done, step.total}); });
  REQUIRE(report);
  CHECK(report->bad() == 0);
  CHECK(kind(*report, "inbox").good == 1);
  CHECK(kind(*report, "blocks").good == 2);
  CHECK(kind(*report, "index").good == 2);
  CHECK(kind(*report, "minutes").good == 2);
  CHECK(kind(*report, "directory").good == 2);
  CHECK(kind(*report, "positions").good == 1);
  CHECK(kind(*report, "ledger").good == 1);
  CHECK(report->good() == 11);
  CHECK(kind(*report, "blocks").bytes + kind(*report, "index").bytes +
            kind(*report, "minutes").bytes ==
        store->stats().block_bytes_stored);
  REQUIRE_FALSE(steps.empty());
  CHECK(steps.back().total > 0);
  CHECK(steps.back().done == steps.back().total);
}

TEST_CASE("a changed byte is found and named, and the rest is looked at") {
  struct Where {
    std::string kind, family, key_end, what, day;
  };
  const auto where = GENERATE(values<Where>({
      {"inbox", "inbox", "", "partition 4294967295, offset 1", ""},
      {"blocks", "blocks-20241004", "b", "block 1", "20241004"},
      {"index", "blocks-20241004", "f", "filter of block 1", "20241004"},
      {"minutes", "blocks-20241004", "m", "minutes of block 1", "20241004"},
      {"directory", "directory", "", "entry of block 1", "20241004"},
      {"positions", "positions", "", "source s", ""},
  }));
  CAPTURE(where.kind);
  const TempDir dir;
  Clock clock;
  fill(*must_open(options_in(dir, clock)), clock);
  flip_value(dir.path(), where.family, where.key_end);
  const auto store = must_open(options_in(dir, clock));
  const auto report = verified(*store);
  REQUIRE(report.named.size() == 1);
  const auto& bad = report.named.front();
  CHECK(bad.kind == where.kind);
  CHECK(bad.what == where.what);
  CHECK(bad.day == where.day);
  CHECK_FALSE(bad.reason.empty());
  if (where.kind == "blocks" || where.kind == "index") {
    CHECK(bad.tool == "t");
    CHECK(bad.block == 1);
  }
  CHECK(report.bad() == 1);
  CHECK(kind(report, where.kind).bad == 1);
  // A block that cannot be read, or whose entry cannot, has no filter and no minutes to compare.
  const bool alone = where.kind == "blocks" || where.kind == "directory";
  CHECK(report.good() == (alone ? 8 : 10));
  // What holds lines is left out from now on, as if it had been read.
  const bool lines = where.kind == "inbox" || where.kind == "blocks";
  CHECK(store->stats().quarantined >= (lines ? 1 : 0));
  CHECK(scan_all(store->snapshot("t")).size() == (where.kind == "blocks"  ? 1
                                                  : where.kind == "inbox" ? 2
                                                                          : 3));
  CHECK(verified(*store).named.size() == 1);
  CHECK(json(report).find("\"what\":\"" + where.what + "\"") != std::string::npos);
}

TEST_CASE("a wrong group of the index is found by what its blocks have") {
  const TempDir dir;
  Clock clock;
  auto options = options_in(dir, clock);
  options.slice_blocks = 1;
  {
    const auto store = must_open(options);
    fill(*store, clock);
    clock.now += 2 * kDay;
    REQUIRE(store->seal_due());
    const auto report = verified(*store);
    CHECK(report.bad() == 0);
    CHECK(kind(report, "index").good == 3);  // the inbox was due as well
  }
  flip_value(dir.path(), "blocks-20241004", std::string("s\0\0\0\0", 5));
  const auto report = verified(*must_open(options));
  REQUIRE(report.named.size() == 1);
  CHECK(report.named[0].kind == "index");
  CHECK(report.named[0].what == "column of block 1");
}

TEST_CASE("a wrong run event is named by its run") {
  const TempDir dir;
  Clock clock;
  {
    const auto store = must_open(options_in(dir, clock));
    Batch batch = batch_of("t", {});
    RunEvent event;
    event.kind = RunEvent::Kind::end;
    event.time_ns = clock.now;
    event.run = "r1";
    event.job = "j";
    batch.records.push_back(to_record(event, batch.arena));
    REQUIRE(store->append(one(std::move(batch))));
    CHECK(verified(*store).bad() == 0);
  }
  flip_value(dir.path(), "ledger", "e");
  const auto report = verified(*must_open(options_in(dir, clock)));
  REQUIRE(report.named.size() == 1);
  CHECK(report.named[0].kind == "ledger");
  CHECK(report.named[0].what.find("r1") != std::string::npos);
}

TEST_CASE("bytes that rot below RocksDB are found as well") {
  const TempDir dir;
  Clock clock;
  {
    const auto store = must_open(options_in(dir, clock));
    fill(*store, clock);
    REQUIRE(store->compact());  // all that is in the log is in tables now
  }
  std::size_t changed = 0;
  for (const auto& [path, content] : tree(dir.path())) {
    const auto at = content.find("old one");
    const auto frame = content.find("blocks-20241004");
    if (!path.ends_with(".sst") || (at == content.npos && frame == content.npos)) continue;
    auto wrong = content;
    wrong[20] ^= 1;  // in the first of the table's values
    std::ofstream(path, std::ios::binary) << wrong;
    ++changed;
  }
  REQUIRE(changed == 1);
  const auto store = must_open(options_in(dir, clock));
  const auto report = verified(*store);
  CHECK(kind(report, "blocks").bad == 1);
  CHECK(kind(report, "blocks").good == 2);
  CHECK(kind(report, "inbox").good == 0);
  CHECK(bodies(scan_all(store->snapshot("t"))) == std::vector<std::string>{"in the inbox"});
}

TEST_CASE("verifying stops when it is told to") {
  const TempDir dir;
  Clock clock;
  const auto store = must_open(options_in(dir, clock));
  fill(*store, clock);
  std::stop_source stop;
  const auto report = store->verify([&](const Step&) { stop.request_stop(); }, stop.get_token());
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::cancelled);
}

TEST_CASE("compacting seals the inbox, gives space back and changes no line") {
  const TempDir dir;
  Clock clock;
  const auto store = must_open(options_in(dir, clock));
  for (int i = 0; i < 30; ++i) {  // each seal takes up the block before
    REQUIRE(store->append(one(batch_of("t", {std::string(2000, 'x') + std::to_string(i)}))));
    REQUIRE(store->seal_all());
  }
  REQUIRE(store->append(one(batch_of("t", {"due"}))));
  const auto lines = scan_all(store->snapshot("t"));
  clock.now += 3600 * kSecond;
  std::vector<std::string> what;
  const auto report = store->compact([&](const Step& step) { what.emplace_back(step.what); });
  INFO((report ? std::string() : report.error().message));
  REQUIRE(report);
  CHECK(report->sealed_batches == 1);
  CHECK(report->families == 7);
  CHECK(what.front() == "sealing the inbox");
  CHECK(what.back() == "compacting blocks-20241004.default");
  CHECK(store->stats().inbox_batches == 0);
  CHECK(scan_all(store->snapshot("t")) == lines);
  const auto again = store->compact();
  REQUIRE(again);
  CHECK(again->bytes_before == report->bytes_after);
  std::stop_source stop;
  stop.request_stop();
  CHECK(store->compact({}, stop.get_token()).error().code == Errc::cancelled);
  CHECK(store->append(one(batch_of("t", {"goes on"}))));
}

TEST_CASE("the overview adds up by day and by tool") {
  const TempDir dir;
  Clock clock;
  const auto store = must_open(options_in(dir, clock));
  fill(*store, clock);
  const auto overview = store->overview();
  const auto stats = store->stats();
  CHECK(overview.format == newest_format());
  CHECK(overview.disk_bytes >= overview.free_bytes);
  CHECK(overview.partitions == std::map<std::uint32_t, std::uint64_t>{{3, 42}});
  REQUIRE(overview.days.size() == 2);
  CHECK(overview.days[0].day == overview.days[1].day + 1);
  CHECK(overview.days[1].sum.lines == 2);
  CHECK(overview.days[0].sum.batches == 1);
  REQUIRE(overview.tools.size() == 2);
  CHECK(overview.tools[0].name == "t");
  CHECK(overview.tools[0].sum.stored_bytes >= overview.tools[1].sum.stored_bytes);
  Overview::Sum all;
  for (const auto& day : overview.days) {
    all.blocks += day.sum.blocks;
    all.lines += day.sum.lines;
    all.stored_bytes += day.sum.stored_bytes;
  }
  CHECK(all.blocks == stats.blocks);
  CHECK(all.lines == stats.lines);
  CHECK(all.stored_bytes == stats.block_bytes_stored + stats.inbox_bytes);
  const auto text = json(overview, 1);
  CHECK(text.find("\"top\":[{\"tool\":\"t\",") != std::string::npos);
  CHECK(text.find("\"tool\":\"k\"") == std::string::npos);
}

}  // namespace
}  // namespace logboom::store
