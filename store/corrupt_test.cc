// Wrong bytes on the disk: never a wrong line, never a crash, and the rest answers.
#include <rocksdb/db.h>

#include "store/keys.h"
#include "store/store_fixture.h"

namespace logboom::store {
namespace {

// The stored values, as a disk that rots would change them.
class Raw {
 public:
  explicit Raw(const std::string& path) {
    rocksdb::Options options;
    std::vector<std::string> names;
    REQUIRE(rocksdb::DB::ListColumnFamilies(options, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const auto& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    rocksdb::DB* db = nullptr;
    REQUIRE(rocksdb::DB::Open(options, path, families, &handles_, &db).ok());
    db_.reset(db);
  }
  ~Raw() {
    for (auto* const handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  template <class Edit>
  void each(const std::string& family, const Edit& edit) {
    for (auto* const handle : handles_) {
      if (!handle->GetName().starts_with(family)) continue;
      const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(rocksdb::ReadOptions(), handle));
      for (at->SeekToFirst(); at->Valid(); at->Next()) {
        auto value = at->value().ToString();
        if (edit(at->key().ToString(), value))
          REQUIRE(db_->Put(rocksdb::WriteOptions(), handle, at->key(), value).ok());
        else
          REQUIRE(db_->Delete(rocksdb::WriteOptions(), handle, at->key()).ok());
      }
    }
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

void flip(std::string& value, std::mt19937& random) {
  auto& byte = value[random() % value.size()];
  byte = static_cast<char>(byte ^ (1 << (random() % 8)));
}

// Two blocks of "t" (from two days, so that they stay apart) and one batch in its inbox.
constexpr std::size_t kOldLines = 3, kNewLines = 2, kInboxLines = 1;
std::vector<std::string> fill(const TempDir& dir, Clock& clock) {
  const auto store = must_open(options_in(dir, clock));
  REQUIRE(store->append(one(batch_of("t", {"older one", "older two", "older three"}))));
  REQUIRE(store->seal_all());
  clock.now += kDay;
  REQUIRE(store->append(one(batch_of("t", {"new one", "new two"}))));
  REQUIRE(store->seal_all());
  REQUIRE(store->append(one(batch_of("t", {"in the inbox"}))));
  REQUIRE(store->append(one(batch_of("u", {"another tool's"}))));
  return bodies(scan_all(store->snapshot("t")));
}

TEST_CASE("a changed byte anywhere costs at most the lines of its value") {
  const auto family = GENERATE(as<std::string>(), "inbox", "blocks-", "directory");
  const auto seed = std::random_device()();
  CAPTURE(family, seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 15; ++round) {
    const TempDir dir;
    Clock clock;
    const auto all = fill(dir, clock);
    std::size_t changed = 0;
    Raw(dir.path()).each(family, [&](const std::string&, std::string& value) {
      if (random() % 2 == 0) {
        flip(value, random);
        ++changed;
      }
      return true;
    });
    const auto store = must_open(options_in(dir, clock));
    const auto found = bodies(scan_all(store->snapshot("t")));
    // Only true lines, each once; a changed filter or directory entry costs none.
    for (const auto& line : found) CHECK(std::count(all.begin(), all.end(), line) == 1);
    CHECK(std::adjacent_find(found.begin(), found.end()) == found.end());
    if (changed == 0 || family == "directory") CHECK(found == all);
    Cursor cursor;
    CHECK(bodies(read_on(store->snapshot("t"), cursor)) == found);
    Scan scan{.start = 0,
              .end = INT64_MAX,
              .newest_first = true,
              .stream = {},
              .texts = {{{"older", true}}},
              .stop = {}};
    for (const auto& line : bodies(scan_all(store->snapshot("t"), scan)))
      CHECK(std::count(found.begin(), found.end(), line) == 1);
    // It goes on taking lines, sealing and dropping.
    REQUIRE(store->append(one(batch_of("t", {"afterwards"}))));
    REQUIRE(store->seal_all());
    CHECK(bodies(scan_all(store->snapshot("t"))).size() == found.size() + 1);
    clock.now += 40 * kDay;
    REQUIRE(store->drop_expired_days());
    CHECK(scan_all(store->snapshot("t")).empty());
  }
}

TEST_CASE("a quarantined block is counted, and told to the reader") {
  const TempDir dir;
  Clock clock;
  fill(dir, clock);
  Raw(dir.path()).each("blocks-20241004", [](const std::string& key, std::string& value) {
    if (key.ends_with(static_cast<char>(BlockPart::lines))) value[value.size() / 2] ^= 1;
    return true;
  });
  const auto store = must_open(options_in(dir, clock));
  CHECK(store->stats().quarantined == 0);  // not read yet
  const Scan scan{.start = 0, .end = INT64_MAX, .newest_first = true, .stream = {}, .stop = {}};
  for (int i = 0; i < 2; ++i) {
    std::size_t lines = 0;
    const auto stats =
        store->snapshot("t").scan(scan, all_of_it, [&](const LineView&) { ++lines; });
    REQUIRE(stats);
    CHECK(stats->quarantined == 1);
    CHECK(lines == kNewLines + kInboxLines);
  }
  CHECK(store->stats().quarantined == 1);
}

TEST_CASE("missing values cost their lines only") {
  const auto part = GENERATE(BlockPart::lines, BlockPart::filter);
  const TempDir dir;
  Clock clock;
  fill(dir, clock);
  Raw(dir.path()).each("blocks-", [&](const std::string& key, std::string&) {
    return !key.ends_with(static_cast<char>(part));
  });
  const auto store = must_open(options_in(dir, clock));
  const Scan scan{.start = 0,
                  .end = INT64_MAX,
                  .newest_first = true,
                  .stream = {},
                  .texts = {{{"older", true}}},
                  .stop = {}};
  const auto found = scan_all(store->snapshot("t"), scan);
  CHECK(found.size() == (part == BlockPart::filter ? kOldLines : 0));
}

TEST_CASE("a filter prunes the blocks that lack a token") {
  const TempDir dir;
  Clock clock;
  fill(dir, clock);
  const auto store = must_open(options_in(dir, clock));
  const Scan scan{.start = 0,
                  .end = INT64_MAX,
                  .newest_first = true,
                  .stream = {},
                  .texts = {{{"older", true}}},
                  .stop = {}};
  const auto stats = store->snapshot("t").scan(scan, all_of_it, [](const LineView&) {});
  REQUIRE(stats);
  CHECK(stats->pieces == 2);  // the old block, and the inbox, which has no filter
  CHECK(stats->pieces_skipped == 1);
}

TEST_CASE("a store of a newer format is refused in words") {
  const TempDir dir;
  Clock clock;
  fill(dir, clock);
  Raw(dir.path()).each("default", [](const std::string& key, std::string& value) {
    if (key == kFormatKey) value = "\x03";
    return true;
  });
  const auto store = Store::open(options_in(dir, clock));
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::invalid);
  CHECK(store.error().message.find("format 3, this program reads up to 2") != std::string::npos);
}

TEST_CASE("a wrong stored position refuses its source and no other") {
  const TempDir dir;
  Clock clock;
  {
    const auto store = must_open(options_in(dir, clock));
    REQUIRE(store->append(one(spanned(batch_of("t", {"a"}), "s", 0))));
  }
  Raw(dir.path()).each("positions", [](const std::string&, std::string& value) {
    value = "x";
    return true;
  });
  const auto store = must_open(options_in(dir, clock));
  const auto refused = store->append(one(spanned(batch_of("t", {"b"}), "s", 10)));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::corrupt);
  CHECK(store->append(one(spanned(batch_of("t", {"c"}), "other", 0))));
}

TEST_CASE("a directory that lost its CURRENT is not begun anew") {
  const TempDir dir;
  Clock clock;
  fill(dir, clock);
  {
    const Raw flushed(dir.path());
  }  // opening moves the log into tables
  std::filesystem::remove(dir.path() + "/CURRENT");
  const auto store = Store::open(options_in(dir, clock));
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::corrupt);
  CHECK(store.error().message.find("CURRENT") != std::string::npos);
}

}  // namespace
}  // namespace logboom::store
