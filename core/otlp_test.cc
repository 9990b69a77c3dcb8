// Batches of our own: what is encoded comes back, and bytes that are none are refused in peace.
#include "core/otlp.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#define PROTOZERO_USE_VIEW std::string_view
#include <protozero/pbf_writer.hpp>

namespace logboom::otlp {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t limit) { return random() % limit; }

std::string random_text(Random& random, std::size_t most) {
  static const std::vector<std::string> kPieces = {
      "a",    "Z",    " ",        "\n", std::string(1, '\0'), "\xc3\xa9", "\xf0\x9f\xaa\xb5",
      "\xff", "\xc3", "{\"k\":1}"};
  std::string text;
  for (std::size_t n = below(random, most + 1); n > 0; --n)
    text += kPieces[below(random, kPieces.size())];
  return text;
}

Batch random_batch(Random& random) {
  Batch batch;
  batch.tool = "tool" + std::to_string(below(random, 10));
  batch.redacted = below(random, 2) == 0;
  const std::size_t streams = 1 + below(random, 3);
  for (std::size_t i = 0; i < streams; ++i)
    batch.streams.push_back(Labels({{"job", "bot"}, {"stream", std::to_string(i)}}));
  for (const char* column : {"pod", "node", "filename"})
    if (below(random, 2) == 0)
      batch.columns.emplace_back(column, batch.arena.copy(random_text(random, 20)));
  std::uint64_t position = below(random, 2) == 0 ? 0 : random() >> 1;
  if (below(random, 4) != 0) batch.span = SourceSpan{"collector/7", position, 0};
  // Without a span the order across streams is not kept: there the records come stream by stream.
  for (std::size_t n = below(random, 40), i = 0; i < n; ++i) {
    Record record;
    record.stream =
        static_cast<std::uint32_t>(batch.span ? below(random, streams) : i * streams / n);
    record.time_ns = static_cast<std::int64_t>(random() >> below(random, 64));
    if (batch.span) record.position = position += 1 + below(random, 100'000);
    record.level = static_cast<Level>(below(random, 7));
    record.body = batch.arena.copy(random_text(random, 100));
    for (std::size_t m = below(random, 10) == 0 ? below(random, 4) : 0; m > 0; --m)
      record.metadata.emplace_back("key", batch.arena.copy(random_text(random, 10)));
    batch.records.push_back(std::move(record));
  }
  if (batch.span) batch.span->next = position + below(random, 3);
  return batch;
}

void check_equal(const Batch& got, const Batch& wanted) {
  CHECK(got.tool == wanted.tool);
  CHECK(got.redacted == wanted.redacted);
  CHECK(got.columns == wanted.columns);
  REQUIRE(got.span.has_value() == wanted.span.has_value());
  if (wanted.span) {
    CHECK(got.span->source == wanted.span->source);
    CHECK(got.span->previous == wanted.span->previous);
    CHECK(got.span->next == wanted.span->next);
  }
  REQUIRE(got.records.size() == wanted.records.size());
  for (std::size_t i = 0; i < wanted.records.size(); ++i) {
    const Record &a = got.records[i], &b = wanted.records[i];
    CHECK(a.time_ns == b.time_ns);
    CHECK(a.position == b.position);
    CHECK(a.level == b.level);
    CHECK(a.body == b.body);
    CHECK(a.metadata == b.metadata);
    CHECK(got.streams[a.stream] == wanted.streams[b.stream]);
  }
}

Batch small_batch() {
  Batch batch;
  batch.tool = "bot";
  batch.redacted = true;
  batch.streams = {Labels({{"job", "daily"}, {"stream", "stdout"}}),
                   Labels({{"stream", "stderr"}})};
  batch.columns = {{"pod", "daily-x1"}};
  batch.span = SourceSpan{"c/1", 100, 160};
  batch.records.resize(3);
  for (std::size_t i = 0; i < 3; ++i) {
    batch.records[i].time_ns = 1'700'000'000'000'000'000 + static_cast<std::int64_t>(i);
    batch.records[i].position = 110 + 20 * i;
    batch.records[i].stream = i == 1;
    batch.records[i].body = "line";
  }
  batch.records[2].metadata = {{"gap", "truncated"}};
  return batch;
}

// One ResourceLogs by hand: resource attributes, then one scope with attributes and bare records.
using Write = std::function<void(protozero::pbf_writer&)>;
std::string attribute(const std::string& key, const Write& value) {
  std::string any, entry;
  protozero::pbf_writer any_writer(any), writer(entry);
  value(any_writer);
  writer.add_string(1, key);
  writer.add_message(2, any);
  return entry;
}
Write text(std::string value) {
  return [=](protozero::pbf_writer& any) { any.add_string(1, value); };
}
Write whole(std::int64_t value) {
  return [=](protozero::pbf_writer& any) { any.add_int64(3, value); };
}
std::string request(const std::vector<std::string>& resource, const std::vector<std::string>& scope,
                    const std::vector<std::string>& records) {
  std::string out;
  protozero::pbf_writer writer(out);
  protozero::pbf_writer logs(writer, 1);
  {
    // Behind the scopes on purpose: the wire may have any order.
    protozero::pbf_writer scope_logs(logs, 2);
    for (const std::string& record : records) scope_logs.add_message(2, record);
    protozero::pbf_writer header(scope_logs, 1);
    for (const std::string& entry : scope) header.add_message(3, entry);
  }
  {
    protozero::pbf_writer header(logs, 1);
    for (const std::string& entry : resource) header.add_message(1, entry);
  }
  logs.commit();
  return out;
}

}  // namespace

TEST_CASE("an encoded batch decodes to itself") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    const Batch batch = random_batch(random);
    const auto decoded = decode(encode(batch), "other");
    if (!decoded) FAIL(decoded.error().message);
    CHECK(decoded->rejected == 0);
    if (!batch.span && batch.records.empty()) {
      CHECK(decoded->batches.empty());
      continue;
    }
    REQUIRE(decoded->batches.size() == 1);
    check_equal(decoded->batches[0], batch);
  }
}

TEST_CASE("encoded batches concatenate to a request with all of them") {
  Random random(7);
  std::string bytes;
  std::vector<Batch> batches;
  while (batches.size() < 5) {
    Batch batch = random_batch(random);
    if (batch.records.empty()) continue;
    bytes += encode(batch);
    batches.push_back(std::move(batch));
  }
  auto decoded = decode(std::move(bytes), "other");
  REQUIRE(decoded);
  REQUIRE(decoded->batches.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) check_equal(decoded->batches[i], batches[i]);

  // Each batch keeps the shared bytes alive by itself.
  Batch last = std::move(decoded->batches.back());
  decoded = fail(Errc::internal, "gone");
  check_equal(last, batches.back());
}

TEST_CASE("a batch that names no tool belongs to the caller's") {
  Batch batch = small_batch();
  batch.tool.clear();
  const auto decoded = decode(encode(batch), "caller");
  REQUIRE(decoded);
  CHECK(decoded->batches.at(0).tool == "caller");
}

TEST_CASE("a span without records is kept: it moves the source's position") {
  Batch batch = small_batch();
  batch.records.clear();
  batch.streams.clear();
  const auto decoded = decode(encode(batch), "x");
  REQUIRE(decoded);
  REQUIRE(decoded->batches.size() == 1);
  CHECK(decoded->batches[0].span->next == 160);
}

TEST_CASE("every cut and every flipped byte of a request is refused or read, never worse") {
  const std::string bytes = encode(small_batch());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode(bytes.substr(0, size), "x");
    CHECK(decoded.has_value() == (size == 0));
  }
  std::size_t read = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string broken = bytes;
      broken[at] = static_cast<char>(broken[at] ^ (1 << bit));
      const auto decoded = decode(std::move(broken), "x");
      if (decoded) {
        ++read;
      } else {
        CHECK(!decoded.error().message.empty());
      }
    }
  }
  CHECK(read > 0);
}

TEST_CASE("random bytes are refused or read, never worse") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  Random random(seed);
  const std::string good = encode(small_batch());
  std::size_t refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    for (std::size_t n = 1 + below(random, 8); n > 0; --n)
      bytes[below(random, bytes.size())] = static_cast<char>(random());
    if (round % 3 == 0) bytes.insert(below(random, bytes.size()), good, below(random, 50), 40);
    refused += decode(std::move(bytes), "x").has_value() ? 0u : 1u;
  }
  CHECK(refused > 0);
}

TEST_CASE("a wrong field in a batch of ours is refused by name") {
  const std::string tool = attribute("logboom.tool", text("bot"));
  const std::string source = attribute("logboom.source", text("c/1"));
  const std::string previous = attribute("logboom.previous", whole(10));
  const std::string next = attribute("logboom.next", whole(20));
  using Row = std::tuple<std::string, std::vector<std::string>, std::vector<std::string>>;
  const auto [word, resource, scope] =
      GENERATE_COPY(table<std::string, std::vector<std::string>, std::vector<std::string>>({
          Row{"logboom.tool", {attribute("logboom.tool", whole(1))}, {}},
          Row{"logboom.tool", {attribute("logboom.tool", text("../x"))}, {}},
          Row{"logboom.source", {tool, attribute("logboom.source", whole(1)), previous, next}, {}},
          Row{"logboom.source", {tool, attribute("logboom.source", text("")), previous, next}, {}},
          Row{"logboom.source",
              {tool, attribute("logboom.source", text(std::string(513, 'x'))), previous, next},
              {}},
          Row{"logboom.previous", {tool, source, next}, {}},
          Row{"logboom.next", {tool, source, previous}, {}},
          Row{"logboom.next", {tool, source, previous, attribute("logboom.next", whole(9))}, {}},
          Row{"logboom.next", {tool, source, previous, attribute("logboom.next", text("20"))}, {}},
          Row{"logboom.redacted", {tool, attribute("logboom.redacted", text("yes"))}, {}},
          Row{"column 'pod'", {tool, attribute("pod", whole(1))}, {}},
          Row{"label 'job'", {tool}, {attribute("job", whole(1))}},
          Row{"label 'no-name'", {tool}, {attribute("no-name", text("x"))}},
          Row{"label 'job'", {tool}, {attribute("job", text(std::string(2049, 'x')))}},
          Row{"label 'x'", {tool}, std::vector<std::string>(16, attribute("x", text("y")))},
          // One record, and no position, none that rises, one past the span, one too many.
          Row{"logboom.positions", {tool, source, previous, next}, {}},
          Row{"logboom.positions",
              {tool, source, previous, next},
              {attribute("logboom.positions", text(std::string(1, '\0')))}},
          Row{"logboom.positions",
              {tool, source, previous, next},
              {attribute("logboom.positions", text("\x0b"))}},
          Row{"logboom.positions",
              {tool, source, previous, next},
              {attribute("logboom.positions", text("\x01\x01"))}},
      }));
  CAPTURE(word);
  const auto decoded = decode(request(resource, scope, {""}), "x");
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == Errc::invalid);
  CHECK_THAT(decoded.error().message, Catch::Contains(word));
}

TEST_CASE("the same batch by hand is accepted, whatever the order of its fields") {
  const auto decoded = decode(
      request({attribute("logboom.next", whole(20)), attribute("logboom.previous", whole(10)),
               attribute("logboom.source", text("c/1")), attribute("logboom.tool", text("bot")),
               attribute("logboom.of-a-later-version", whole(1))},
              {attribute("logboom.positions", text("\x0a"))}, {""}),
      "x");
  REQUIRE(decoded);
  REQUIRE(decoded->batches.size() == 1);
  const Batch& batch = decoded->batches[0];
  CHECK(batch.tool == "bot");
  CHECK(batch.columns.empty());
  REQUIRE(batch.records.size() == 1);
  CHECK(batch.records[0].position == 20);
}

TEST_CASE("a line of ours over the limit is cut and says so") {
  Batch batch = small_batch();
  const std::string line = std::string(kMaxLine - 1, 'x') + "\xc3\xa9";
  batch.records[0].body = line;
  const auto decoded = decode(encode(batch), "x");
  REQUIRE(decoded);
  const Record& record = decoded->batches[0].records[0];
  CHECK(record.body == std::string(kMaxLine - 1, 'x'));
  CHECK(record.metadata == std::vector<Attribute>{{"truncated", std::to_string(line.size())}});
}

TEST_CASE("metadata over the limits is refused in a batch of ours") {
  Batch batch = small_batch();
  const std::string large(kMaxMetadata, 'x');
  SECTION("bytes") { batch.records[0].metadata = {{"key", large}}; }
  SECTION("entries") { batch.records[0].metadata.assign(kMaxMetadataEntries + 1, {"k", "v"}); }
  const auto decoded = decode(encode(batch), "x");
  REQUIRE_FALSE(decoded);
  CHECK_THAT(decoded.error().message, Catch::Contains("metadata 'k"));
}

TEST_CASE("a small request that would unfold to very much memory is refused") {
  // Each record of two bytes becomes one of 64, with a copy of its scope's 100 attributes.
  const std::vector<std::string> scope(100, attribute("k", text("v")));
  const auto decoded = decode(request({}, scope, std::vector<std::string>(200'000)), "x");
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == Errc::too_large);
}

TEST_CASE("answers have OTLP's shapes") {
  CHECK(response(false, 0, "").empty());
  CHECK(response(true, 0, "") == "{}");
  CHECK(response(true, 3, "a \"b\"\n") ==
        R"({"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"a \"b\"\n"}})");
  CHECK(response(false, 3, "why") == "\x0a\x07\x08\x03\x12\x03why");
  CHECK(status(true, 3, "no") == R"({"code":3,"message":"no"})");
  CHECK(status(false, 3, "no") == "\x08\x03\x12\x02no");
}

}  // namespace logboom::otlp
