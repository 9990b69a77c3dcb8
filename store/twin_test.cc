// The same random batches in every state of the store: each answer equals that of a naive twin, a
// plain list of lines.
#include <map>
#include <set>

#include "store/store_fixture.h"

namespace logboom::store {
namespace {

using Twin = std::map<std::string, std::vector<TwinLine>>;  // per tool, in order of commit

constexpr std::int64_t kSpan = 1000 * kSecond;  // how far the lines' times reach

class World {
 public:
  World(unsigned seed, std::string state) : random_(seed), state_(std::move(state)) {
    options_ = options_in(dir_, clock_);
    options_.slice_blocks = 1 + random_() % 4;
    store_ = must_open(options_);
  }

  void fill() {
    for (int i = 0; i < 60; ++i) {
      append();
      if (state_ == "tiny blocks" || state_.starts_with("sliced") ||
          state_.starts_with("recompressed") || (state_ == "mixed" && random_() % 4 == 0))
        REQUIRE(store_->seal_all());
      if (state_ == "mixed" && random_() % 20 == 0) reopen();
      clock_.now += static_cast<std::int64_t>(random_() % 7'000) * kSecond;
    }
    if (state_.starts_with("sealed")) REQUIRE(store_->seal_all());
    if (state_.starts_with("sliced")) {
      REQUIRE(store_->seal_all());
      clock_.now += kDay;  // all of yesterday's blocks stay
      REQUIRE(store_->seal_due());
    }
    if (state_.starts_with("recompressed")) {
      REQUIRE(store_->seal_all());
      clock_.now += kDay;
      REQUIRE(store_->seal_due());
      for (auto more = store_->recompress_one(); *more; more = store_->recompress_one())
        REQUIRE(more);
      REQUIRE(store_->seal_due());
    }
    if (state_.ends_with("reopened")) reopen();
  }

  [[nodiscard]] const Twin& twin() const { return twin_; }
  [[nodiscard]] const Store& store() const { return *store_; }
  std::mt19937& random() { return random_; }

 private:
  void reopen() {
    store_.reset();
    store_ = must_open(options_);
  }

  std::string pick(const std::vector<std::string>& words) {
    return words[random_() % words.size()];
  }

  Batch make() {
    Batch batch;
    batch.tool = pick({"alpha", "beta"});
    batch.redacted = true;
    const auto streams = 1 + random_() % 3;
    for (std::size_t i = 0; i < streams; ++i)
      batch.streams.push_back(Labels(
          {{"job", pick({"bot", "web", "cron"})}, {"stream", i == 0 ? "stdout" : "stderr"}}));
    if (random_() % 2 == 0)
      batch.columns.emplace_back("pod", batch.arena.copy("pod-" + std::to_string(random_() % 5)));
    const auto count = random_() % 30;
    for (std::size_t i = 0; i < count; ++i) {
      Record record;
      record.time_ns = kStart + static_cast<std::int64_t>(random_() % (kSpan / 1000)) * 1000;
      record.stream = static_cast<std::uint32_t>(random_() % streams);
      record.level = static_cast<Level>(random_() % 7);
      record.body =
          batch.arena.copy(pick({"Connected", "timeout", "OOM killed", ""}) + " user" +
                           std::to_string(random_() % 40) + pick({"", "/path", " \xff\x01"}));
      if (random_() % 5 == 0) record.metadata.emplace_back("trace_id", "Ab12");
      batch.records.push_back(std::move(record));
    }
    return batch;
  }

  void append() {
    auto batch = make();
    const bool logged = random_() % 3 == 0;
    Place place{kLocalPartition, local_};
    if (logged) place = {static_cast<std::uint32_t>(random_() % 2), offset_++};
    if (!logged && random_() % 2 == 0) {
      const auto source = "source/" + std::to_string(random_() % 3);
      batch = spanned(std::move(batch), source, positions_[source]);
      positions_[source] = batch.span->next;
    }
    if (!logged && !batch.records.empty()) ++local_;
    auto& lines = twin_[batch.tool];
    for (auto& line : twins_of(batch, place)) lines.push_back(std::move(line));
    if (lines.empty()) twin_.erase(batch.tool);
    if (!logged) {
      REQUIRE(store_->append(one(std::move(batch))));
      return;
    }
    std::vector<Logged> messages(1);
    messages[0].offset = place.offset;
    messages[0].append_time_ns = clock_.now - static_cast<std::int64_t>(random_() % 100) * kSecond;
    messages[0].batches = one(std::move(batch));
    REQUIRE(store_->append_logged(place.partition, std::move(messages)));
  }

  TempDir dir_;
  Clock clock_;
  Options options_;
  std::mt19937 random_;
  std::string state_;
  std::unique_ptr<Store> store_;
  Twin twin_;
  std::uint64_t local_ = 0, offset_ = 0;
  std::map<std::string, std::uint64_t> positions_;
};

void check_scan(World& world, const std::string& tool, std::vector<TwinLine> expected) {
  auto& random = world.random();
  const auto snapshot = world.store().snapshot(tool);
  Scan scan;
  scan.start = kStart + static_cast<std::int64_t>(random() % kSpan);
  scan.end = scan.start + static_cast<std::int64_t>(random() % kSpan);
  scan.newest_first = random() % 2 == 0;
  const bool by_stream = random() % 2 == 0;
  const auto wanted = [](const Labels& labels) { return labels.get("job") == "web"; };
  if (by_stream) scan.stream = wanted;
  std::erase_if(expected, [&](const TwinLine& line) {
    return line.time_ns < scan.start || line.time_ns >= scan.end ||
           (by_stream && !wanted(line.stream));
  });
  sort(expected);
  CHECK(scan_all(snapshot, scan) == expected);

  // Nothing beyond the bound that was told, and the bounds go one way.
  auto last = scan.newest_first ? INT64_MAX : INT64_MIN;
  const auto told = snapshot.scan(
      scan,
      [&](std::int64_t bound, const ScanStats&) {
        CHECK((scan.newest_first ? bound <= last : bound >= last));
        last = bound;
        return true;
      },
      [&](const LineView& line) {
        CHECK((scan.newest_first ? line.time_ns <= last : line.time_ns >= last));
      });
  CHECK(told);
}

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return text;
}

bool holds(const std::string& body, const Literal& literal) {
  return (literal.any_case ? lower(body) : body).find(literal.text) != std::string::npos;
}

// A part of a line: often with its ends inside of words.
Literal part_of(const std::string& body, std::mt19937& random) {
  const auto begin = random() % (body.size() + 1);
  const bool any_case = random() % 2 == 0;
  auto text = body.substr(begin, random() % (body.size() + 1));
  if (random() % 4 == 0) text = std::to_string(random() % 100);
  return {any_case ? lower(std::move(text)) : text, any_case};
}

// Texts may leave in what does not match, but never leave out what does; a filter makes it exact.
void check_texts(World& world, const std::string& tool, const std::vector<TwinLine>& lines) {
  auto& random = world.random();
  Scan scan;
  scan.start = INT64_MIN;
  scan.end = INT64_MAX;
  for (auto clauses = 1 + random() % 2; clauses > 0; --clauses) {
    auto& clause = scan.texts.emplace_back();
    for (auto literals = 1 + random() % 2; literals > 0; --literals)
      clause.push_back(part_of(lines[random() % lines.size()].body, random));
  }
  if (random() % 4 == 0) scan.values.push_back(lines[random() % lines.size()].value("pod"));
  if (scan.values == std::vector<std::string>{""}) scan.values.clear();
  std::string asked;
  for (const auto& clause : scan.texts)
    for (const auto& literal : clause)
      asked += (literal.any_case ? " any \"" : " \"") + literal.text + "\"";
  for (const auto& value : scan.values) asked += " value " + value;
  CAPTURE(asked);
  const auto matches = [&](const std::string& body) {
    return std::ranges::all_of(scan.texts, [&](const std::vector<Literal>& clause) {
      return std::ranges::any_of(clause,
                                 [&](const Literal& literal) { return holds(body, literal); });
    });
  };
  std::vector<TwinLine> expected;
  for (const auto& line : lines)
    if (matches(line.body) && (scan.values.empty() || line.value("pod") == scan.values.front()))
      expected.push_back(line);
  sort(expected);
  auto found = scan_all(world.store().snapshot(tool), scan);
  std::erase_if(found, [&](const TwinLine& line) {
    return !matches(line.body) ||
           (!scan.values.empty() && line.value("pod") != scan.values.front());
  });
  CHECK(found == expected);
  scan.filter = [&](const LineView& line) {
    if (!matches(std::string(line.body))) return false;
    return scan.values.empty() ||
           std::ranges::any_of(line.metadata, [&](const Attribute& attribute) {
             return attribute.first == "pod" && attribute.second == scan.values.front();
           });
  };
  CHECK(scan_all(world.store().snapshot(tool), scan) == expected);
}

void check_read_after(World& world, const std::string& tool, std::vector<TwinLine> expected) {
  sort(expected);
  const auto snapshot = world.store().snapshot(tool);
  Cursor cursor;
  auto read = read_on(snapshot, cursor, 1 + world.random()() % 300);
  CHECK(read == expected);
  CHECK(cursor.next == snapshot.end().next);
  // From any line on: what is after it in its partition, and all of the others.
  const auto& line = expected[world.random()() % expected.size()];
  Cursor middle;
  middle.next[line.place.partition] = {line.place.offset, line.index};
  std::erase_if(expected, [&](const TwinLine& other) {
    return other.place.partition == line.place.partition && other.order() < line.order();
  });
  CHECK(read_on(snapshot, middle, 50) == expected);
}

void check_names(World& world, const std::string& tool, const std::vector<TwinLine>& lines) {
  std::set<Labels> streams;
  std::set<std::string> pods;
  for (const auto& line : lines) {
    streams.insert(line.stream);
    if (!line.value("pod").empty()) pods.insert(line.value("pod"));
  }
  const auto snapshot = world.store().snapshot(tool);
  CHECK(snapshot.streams(INT64_MIN, INT64_MAX) ==
        std::vector<Labels>(streams.begin(), streams.end()));
  CHECK(snapshot.streams(0, 1).empty());
  CHECK(snapshot.column_values("pod", INT64_MIN, INT64_MAX, 100) ==
        std::vector<std::string>(pods.begin(), pods.end()));
  CHECK(snapshot.column_values("pod", INT64_MIN, INT64_MAX, 1).size() ==
        std::min<std::size_t>(1, pods.size()));
  CHECK(snapshot.column_values("node", INT64_MIN, INT64_MAX, 100).empty());
}

TEST_CASE("in every state the store answers as a plain list of lines does") {
  const auto state = GENERATE(as<std::string>(), "inbox", "inbox, reopened", "sealed",
                              "sealed, reopened", "tiny blocks", "mixed", "sliced",
                              "sliced, reopened", "recompressed", "recompressed, reopened");
  const auto repeat = GENERATE(range(0, 4));
  const auto seed = std::random_device()() + static_cast<unsigned>(repeat);
  CAPTURE(state, seed);
  World world(seed, state);
  world.fill();
  std::vector<std::string> tools;
  std::uint64_t total = 0;
  for (const auto& [tool, lines] : world.twin()) {
    CAPTURE(tool);
    tools.push_back(tool);
    total += lines.size();
    for (int i = 0; i < 6; ++i) {
      check_scan(world, tool, lines);
      check_texts(world, tool, lines);
    }
    check_read_after(world, tool, lines);
    check_names(world, tool, lines);
  }
  CHECK(world.store().tools() == tools);
  CHECK(world.store().stats().lines == total);
}

}  // namespace
}  // namespace logboom::store
