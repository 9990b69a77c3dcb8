// Values with lines: what is encoded is what is decoded, and nothing else ever is.
#include "store/block.h"

#include <xxhash.h>

#include <random>

#include "store/bytes.h"
#include "store/filter.h"
#include "store/store_fixture.h"

namespace logboom::store {
namespace {

Batch mixed_batch(unsigned seed) {
  std::mt19937 random(seed);
  const auto upto = [&](unsigned most) { return static_cast<unsigned>(random() % (most + 1U)); };
  Batch batch;
  batch.tool = "wiki-bot";
  batch.redacted = true;
  for (unsigned i = 0; i <= upto(3); ++i)
    batch.streams.push_back(Labels({{"job", "job-" + std::to_string(i)}, {"stream", "stdout"}}));
  if (upto(1) == 1) batch.columns.emplace_back("pod", batch.arena.copy("pod-1"));
  const auto lines = 1 + upto(200);
  std::uint64_t position = upto(5000);
  SourceSpan span{"collector/7", position, 0};
  for (unsigned i = 0; i < lines; ++i) {
    Record record;
    record.time_ns =
        kStart + static_cast<std::int64_t>(random()) - static_cast<std::int64_t>(random());
    record.stream = static_cast<std::uint32_t>(random() % batch.streams.size());
    record.level = static_cast<Level>(upto(6));
    std::string body;
    for (unsigned n = upto(120); n > 0; --n) body.push_back(static_cast<char>(random()));
    record.body = batch.arena.copy(body);
    record.position = position += body.size() + 1;
    if (upto(4) == 0)
      record.metadata.emplace_back("trace_id", batch.arena.copy(std::to_string(random())));
    batch.records.push_back(std::move(record));
  }
  span.next = position;
  if (upto(3) != 0) batch.span = span;
  if (!batch.span)
    for (auto& record : batch.records) record.position = 0;
  return batch;
}

std::string value_of(const Batch& batch) {
  const auto encoded = encode(lines_of(batch, 0, batch.records.size()), kInboxLevel);
  return finish(encoded.head, encoded);
}

std::vector<TwinLine> twins_of(const Lines& lines) {
  std::vector<TwinLine> twins;
  for (const auto& row : lines.rows) {
    TwinLine twin{{lines.partition, row.offset},
                  row.index,
                  row.time_ns,
                  row.position,
                  row.level,
                  lines.streams[row.stream],
                  std::string(row.body),
                  {}};
    for (const auto& [name, value] : attributes_of(lines.sets[row.set]))
      twin.metadata.emplace_back(name, value);
    twins.push_back(std::move(twin));
  }
  return twins;
}

TEST_CASE("a batch comes back from its value line by line") {
  const auto seed = GENERATE(range(0U, 40U));
  CAPTURE(seed);
  const auto batch = mixed_batch(seed);
  const auto lines = decode(value_of(batch));
  REQUIRE(lines);
  CHECK(lines->tool == batch.tool);
  CHECK(twins_of(*lines) == store::twins_of(batch, {}));
}

TEST_CASE("a batch committed elsewhere keeps its lines together") {
  const auto batch = mixed_batch(3);
  auto encoded = encode(lines_of(batch, 0, batch.records.size()), kInboxLevel);
  encoded.head.partition = 5;
  encoded.head.first = {900, 17};
  encoded.head.last = {900, 17 + static_cast<std::uint32_t>(batch.records.size()) - 1};
  const auto lines = decode(finish(encoded.head, encoded));
  REQUIRE(lines);
  CHECK(twins_of(*lines) == store::twins_of(batch, {5, 900}, 17));
}

TEST_CASE("several batches merge into one sorted block with the same lines") {
  std::vector<Lines> parts;
  std::vector<TwinLine> expected;
  for (unsigned i = 0; i < 5; ++i) {
    const auto batch = mixed_batch(100 + i);
    auto encoded = encode(lines_of(batch, 0, batch.records.size()), kInboxLevel);
    encoded.head.first.offset = encoded.head.last.offset = i;
    auto lines = decode(finish(encoded.head, encoded));
    REQUIRE(lines);
    parts.push_back(*std::move(lines));
    for (auto& twin : store::twins_of(batch, {kLocalPartition, i}))
      expected.push_back(std::move(twin));
  }
  const bool thorough = GENERATE(false, true);
  const auto encoded = encode_framed(merge(std::move(parts)), kBlockLevel, thorough);
  const auto block = decode(finish(encoded.head, encoded));
  REQUIRE(block);
  CHECK(std::is_sorted(block->rows.begin(), block->rows.end(),
                       [](const Lines::Row& a, const Lines::Row& b) {
                         return std::tie(a.stream, a.time_ns) < std::tie(b.stream, b.time_ns);
                       }));
  auto twins = twins_of(*block);
  sort(twins);
  CHECK(twins == expected);
  CHECK(encoded.head.lines == expected.size());
}

TEST_CASE("a value with any byte changed or cut off is corrupt") {
  const auto value = value_of(mixed_batch(7));
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto wrong = value;
    wrong[i] = static_cast<char>(wrong[i] ^ (1 << (i % 8)));
    const auto lines = decode(wrong);
    REQUIRE_FALSE(lines);
    REQUIRE(lines.error().code == Errc::corrupt);
    REQUIRE_FALSE(decode(value.substr(0, i)));
    REQUIRE_FALSE(decode_head(wrong));
  }
}

// Whoever can write a right checksum must still not be able to make us read outside the value.
TEST_CASE("a value with a right checksum over wrong bytes is decoded or refused, never more") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto value = value_of(mixed_batch(11));
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    auto wrong = value.substr(0, value.size() - 8);
    for (unsigned n = 1 + random() % 4; n > 0; --n)
      wrong[2 + random() % (wrong.size() - 2)] = static_cast<char>(random());
    put_u64(wrong, XXH64(wrong.data(), wrong.size(), 0));
    const auto lines = decode(wrong);
    if (!lines) {
      ++refused;
      continue;
    }
    for (const auto& row : lines->rows) REQUIRE(row.set < lines->sets.size());
  }
  CHECK(refused > 100);
}

TEST_CASE("a value none of whose lines is wanted is not unpacked") {
  const auto batch = batch_of("t", {"a", "b"}, 1000);
  const auto value = value_of(batch);
  CHECK(decode(value, {.start = 0, .end = 1000, .streams = {}})->rows.empty());
  CHECK(decode(value, {.start = 1001, .end = 2000, .streams = {}})->rows.size() == 2);
  CHECK(decode(value, {.start = 0, .end = 2000, .streams = {false}})->rows.empty());
}

TEST_CASE("a head lists up to 256 values of a column and then says many") {
  const auto [count, listed] = GENERATE(table<int, std::size_t>({{3, 3}, {256, 256}, {257, 0}}));
  auto batch = batch_of("t", std::vector<std::string>(static_cast<std::size_t>(count), "x"));
  for (std::size_t i = 0; i < batch.records.size(); ++i)
    batch.records[i].metadata.emplace_back("pod", batch.arena.copy("p" + std::to_string(i)));
  const auto head = decode_head(value_of(batch));
  REQUIRE(head);
  CHECK(head->columns[0].values.size() == listed);
  CHECK(head->columns[0].many == (listed == 0));
}

TEST_CASE("a filter has all it was given and little else") {
  const auto count = GENERATE(0, 1, 5, 1000, 30000);
  FeatureSet features;
  for (int i = 0; i < count; ++i) features.add_value("item " + std::to_string(i));
  const auto value = encode_filter(features);
  const auto filter = Filter::open(value);
  REQUIRE(filter);
  for (int i = 0; i < count; ++i)
    REQUIRE(filter->maybe(hash_of_value("item " + std::to_string(i))));
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i)
    wrong += filter->maybe(hash_of_value("other " + std::to_string(i))) ? 1 : 0;
  CHECK(wrong < 100);
  CHECK(value.size() <= 96 + static_cast<std::size_t>(count) * 20 / 8);
}

TEST_CASE("a filter is the same for ever, since it lies on disks") {
  FeatureSet features;
  features.add_line("disk full");
  std::string hex;
  for (const auto byte : encode_filter(features)) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex.push_back(kDigits[static_cast<std::uint8_t>(byte) >> 4]);
    hex.push_back(kDigits[static_cast<std::uint8_t>(byte) & 15]);
  }
  CHECK(hex ==
        "46020a1328b52ffd200a5100006469736b0a66756c6c0a08400000000100200040000200008"
        "200000210000000600040001000040004000dfedc8ea48b0eb7");
}

TEST_CASE("a filter with a changed byte is no filter") {
  FeatureSet features;
  features.add_line("some words to be found");
  const auto value = encode_filter(features);
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto wrong = value;
    wrong[i] = static_cast<char>(wrong[i] ^ 16);
    REQUIRE_FALSE(Filter::open(wrong));
    REQUIRE_FALSE(Filter::open(value.substr(0, i)));
  }
}

}  // namespace
}  // namespace logboom::store
