#define PROTOZERO_USE_VIEW std::string_view
#include "query/push.h"

#include <snappy.h>

#include <catch2/catch.hpp>
#include <protozero/pbf_writer.hpp>
#include <random>

namespace logboom::query {
namespace {

// {labels} column=value @time body metadata=value, one line per record, in order of batches.
std::string text_of(const Pushed& pushed) {
  std::string out;
  for (const auto& batch : pushed.batches) {
    for (const auto& record : batch.records) {
      out += batch.streams[record.stream].text();
      for (const auto& [name, value] : batch.columns)
        out += " " + std::string(name) + "=" + std::string(value);
      out += " @" + std::to_string(record.time_ns) + " " + std::string(record.body);
      for (const auto& [name, value] : record.metadata) {
        out += " " + std::string(name) + "=" + std::string(value);
      }
      out += "\n";
    }
  }
  return out;
}

std::string push_of(std::string_view labels, std::string_view values) {
  return R"({"streams":[{"stream":)" + std::string(labels) + R"(,"values":)" + std::string(values) +
         "}]}";
}

struct TestEntry {
  std::int64_t seconds;
  std::int32_t nanos;
  std::string line;
  std::vector<Labels::Pair> metadata;
};

std::string protobuf_of(
    const std::vector<std::pair<std::string, std::vector<TestEntry>>>& streams) {
  std::string bytes;
  protozero::pbf_writer request(bytes);
  for (const auto& [labels, entries] : streams) {
    protozero::pbf_writer stream(request, 1);
    stream.add_string(1, labels);
    for (const auto& entry : entries) {
      protozero::pbf_writer message(stream, 2);
      {
        protozero::pbf_writer time(message, 1);
        time.add_int64(1, entry.seconds);
        time.add_int32(2, entry.nanos);
      }
      message.add_string(2, entry.line);
      for (const auto& [name, value] : entry.metadata) {
        protozero::pbf_writer pair(message, 3);
        pair.add_string(1, name);
        pair.add_string(2, value);
      }
    }
    stream.add_uint64(3, 42);
  }
  return bytes;
}

std::string snappy_of(const std::string& bytes) {
  std::string out;
  snappy::Compress(bytes.data(), bytes.size(), &out);
  return out;
}

}  // namespace

TEST_CASE("a JSON push becomes batches") {
  const auto [body, lines] = GENERATE(table<std::string, std::string>({
      {R"({"streams":[]})", ""},
      {push_of(R"({"job":"a"})", "[]"), ""},
      {R"({"streams":[{"stream":{"job":"a"}}]})", ""},
      {push_of(R"({"job":"a"})", R"([["1","x"],["2","y"]])"),
       "{job=\"a\"} @1 x\n{job=\"a\"} @2 y\n"},
      {push_of(R"({"job":"a","pod":"p","tool":"t","empty":""})", R"([["5","x",{"k":"v"}]])"),
       "{job=\"a\"} pod=p @5 x k=v\n"},
      {push_of(R"({"pod":"p"})", R"([["5","x",{}]])"), "{} pod=p @5 x\n"},
      {push_of(R"({"job":"a"})", R"([["5","\u00e9\n\ud83d\ude00",{"k":""}]])"),
       "{job=\"a\"} @5 \xc3\xa9\n\xf0\x9f\x98\x80\n"},
      {R"({"streams":[{"values":[["1","x"]],"stream":{"job":"a"}},)"
       R"({"stream":{"job":"b"},"values":[["2","y"]]},{"stream":{"job":"a"},"values":[["3","z"]]}]})",
       "{job=\"a\"} @1 x\n{job=\"b\"} @2 y\n{job=\"a\"} @3 z\n"},
  }));
  CAPTURE(body);
  const auto pushed = parse_push_json(body);
  REQUIRE(pushed.has_value());
  CHECK(text_of(*pushed) == lines);
  CHECK(pushed->reason == "");
  CHECK(pushed->rejected_lines() == 0);
}

TEST_CASE("a body that is no push is refused whole") {
  const auto [body, message] = GENERATE(table<std::string, std::string>({
      {"", "push: not JSON: "},
      {"{", "push: not JSON: "},
      {R"({"streams":[)", "push: not JSON: "},
      {"{\"streams\":\"\xff\"}", "push: not JSON: "},
      {std::string(5'000, '['), "push: not JSON: "},
      {"[]", "push: expecting {"},
      {"{}", "push: expecting {"},
      {R"({"streams":{}})", "push: expecting {"},
      {R"({"streams":[1]})", "push: a stream must be an object"},
      {R"({"streams":[{"stream":[]}]})", "push: 'stream' must be an object of labels"},
      {push_of(R"({"a":"b"})", "{}"), "push: 'values' must be a list of entries"},
  }));
  CAPTURE(body);
  const auto pushed = parse_push_json(body);
  REQUIRE_FALSE(pushed.has_value());
  CHECK(pushed.error().code == Errc::invalid);
  CHECK(pushed.error().message.starts_with(message));
}

TEST_CASE("bad entries are counted and their neighbours kept") {
  const auto [bad, reason] = GENERATE(table<std::string, std::string>({
      {R"([1,"x"])", "push: the time stamp must be a string of nanoseconds"},
      {R"(["1.5","x"])", "push: the time stamp must be a string of nanoseconds"},
      {R"(["99999999999999999999","x"])", "push: the time stamp must be a string of nanoseconds"},
      {R"(["","x"])", "push: the time stamp must be a string of nanoseconds"},
      {R"(["1",2])", "push: the line must be a string"},
      {R"(["1"])", "push: an entry needs a time stamp and a line"},
      {R"({})", "push: an entry must be a list"},
      {R"(["1","x",{},4])", "push: an entry has at most three parts: time stamp, line, metadata"},
      {R"(["1","x",{"k":1}])", "push: structured metadata values must be strings"},
      {R"(["1","x",[]])", "push: structured metadata must be an object"},
  }));
  CAPTURE(bad);
  const auto pushed =
      parse_push_json(push_of(R"({"job":"a"})", R"([["1","first"],)" + bad + R"(,["2","last"]])"));
  REQUIRE(pushed.has_value());
  CHECK(text_of(*pushed) == "{job=\"a\"} @1 first\n{job=\"a\"} @2 last\n");
  CHECK(pushed->accepted == 2);
  CHECK(pushed->rejected.at("malformed_entry") == 1);
  CHECK(pushed->reason == reason);
}

TEST_CASE("limits are refused in Loki's words, line by line or stream by stream") {
  PushContext context;
  context.limits = {.line_bytes = 10,
                    .labels = 2,
                    .label_name_bytes = 6,
                    .label_value_bytes = 8,
                    .metadata_bytes = 20,
                    .metadata_entries = 2};
  context.oldest_ns = 1'000'000'000;
  context.newest_ns = 9'000'000'000;
  const auto [labels, entry, reason, text] =
      GENERATE(table<std::string, std::string, std::string, std::string>({
          {R"({"a":"b"})", R"(["2000000000","12345678901"])", "line_too_long",
           "Max entry size '10' bytes exceeded for stream '{a=\"b\"}' while adding an entry with "
           "length '11' bytes"},
          {R"({"a":"b"})", R"(["1","x"])", "greater_than_max_sample_age",
           "entry for stream '{a=\"b\"}' has timestamp too old: 1970-01-01T00:00:00Z, oldest "
           "acceptable timestamp is: 1970-01-01T00:00:01Z"},
          {R"({"a":"b"})", R"(["10000000000","x"])", "too_far_in_future",
           "entry for stream '{a=\"b\"}' has timestamp too new: 1970-01-01T00:00:10Z"},
          {R"({"a":"b"})", R"(["2000000000","x",{"a":"1","b":"2","c":"3"}])",
           "structured_metadata_too_many",
           "stream '{a=\"b\"}' has too many structured metadata labels: '3', limit: '2'"},
          {R"({"a":"b"})", R"(["2000000000","x",{"a":"12345678901234567890"}])",
           "structured_metadata_too_large",
           "stream '{a=\"b\"}' has structured metadata too large: '21' bytes, limit: '20' bytes"},
          {R"({"a":"1","b":"2","c":"3"})", R"(["2000000000","x"])", "max_label_names_per_series",
           "entry for stream '{a=\"1\", b=\"2\", c=\"3\"}' has 3 label names; limit 2"},
          {R"({"abcdefg":"1"})", R"(["2000000000","x"])", "label_name_too_long",
           "stream '{abcdefg=\"1\"}' has label name too long: 'abcdefg'"},
          {R"({"a":"123456789"})", R"(["2000000000","x"])", "label_value_too_long",
           "stream '{a=\"123456789\"}' has label value too long: '123456789'"},
          {R"({"a-b":"1"})", R"(["2000000000","x"])", "invalid_labels",
           "error parsing labels '{a-b=\"1\"}' with error: invalid label name 'a-b'"},
          {R"({"a":1})", R"(["2000000000","x"])", "invalid_labels", "label values must be strings"},
          {"{}", R"(["2000000000","x"])", "missing_labels",
           "error at least one label pair is required per stream"},
      }));
  CAPTURE(labels, entry);
  const auto pushed =
      parse_push_json(R"({"streams":[{"stream":)" + labels + R"(,"values":[)" + entry +
                          R"(]},{"stream":{"ok":"1"},"values":[["3000000000","y"]]}]})",
                      context);
  REQUIRE(pushed.has_value());
  CHECK(text_of(*pushed) == "{ok=\"1\"} @3000000000 y\n");
  CHECK(pushed->rejected == std::map<std::string, std::uint64_t>{{reason, 1}});
  CHECK(pushed->reason == text);
}

TEST_CASE("the window of accepted times follows the clock") {
  const PushLimits limits{.reject_older = std::chrono::hours(1),
                          .reject_newer = std::chrono::minutes(1)};
  const auto context = push_context("t", limits, 7'200'000'000'000);
  CHECK(context.oldest_ns == 3'600'000'000'000);
  CHECK(context.newest_ns == 7'260'000'000'000);
  const auto open = push_context("t", {.reject_newer = std::chrono::seconds(0)}, 0);
  CHECK(open.oldest_ns == std::numeric_limits<std::int64_t>::min());
  CHECK(open.newest_ns == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("very many pods in one push do not make very many batches") {
  std::string body = R"({"streams":[)";
  for (int i = 0; i < 200; ++i) {
    if (i > 0) body += ",";
    body += R"({"stream":{"job":"a","pod":"p)" + std::to_string(i) + R"("},"values":[["1","x"]]})";
  }
  const auto pushed = parse_push_json(body + "]}");
  REQUIRE(pushed.has_value());
  CHECK(pushed->accepted == 200);
  CHECK(pushed->batches.size() <= PushBuilder::kMaxColumnSets + 1);
  const auto text = text_of(*pushed);
  for (int i = 0; i < 200; ++i) {
    const auto pod = "pod=p" + std::to_string(i);
    CHECK(
        (text.find(pod + " ") != std::string::npos || text.find(pod + "\n") != std::string::npos));
  }
}

TEST_CASE("a snappy protobuf push becomes batches") {
  const auto body = snappy_of(protobuf_of({
      {R"({job="a", pod="p"})", {{1, 5, "first", {{"k", "v"}}}, {2, 0, "", {}}}},
      {"{job=oops}", {{3, 0, "lost", {}}}},
      {R"({job="b"})", {{4, 0, "last", {}}}},
  }));
  const auto pushed = parse_push_protobuf(body, 1 << 20);
  REQUIRE(pushed.has_value());
  CHECK(text_of(*pushed) ==
        "{job=\"a\"} pod=p @1000000005 first k=v\n{job=\"a\"} pod=p @2000000000 \n"
        "{job=\"b\"} @4000000000 last\n");
  CHECK(pushed->rejected == std::map<std::string, std::uint64_t>{{"invalid_labels", 1}});
  CHECK(pushed->reason ==
        "error parsing labels '{job=oops}' with error: parse error at line 1, col 6: syntax error: "
        "unexpected IDENTIFIER, expecting STRING");
}

TEST_CASE("damaged protobuf pushes are errors, never worse") {
  const auto good = protobuf_of({{R"({job="a"})", {{1, 5, "first", {{"k", "v"}}}}}});
  CHECK(parse_push_protobuf("", 1 << 20).error().code == Errc::invalid);
  CHECK(parse_push_protobuf("\xff\xff\xff\xff\x0f", 1 << 20).error().code == Errc::too_large);
  CHECK(parse_push_protobuf(snappy_of(good), 10).error().code == Errc::too_large);
  CHECK(parse_push_protobuf(snappy_of(good).substr(0, 20), 1 << 20).error().code == Errc::invalid);
  for (std::size_t length = 0; length < good.size(); ++length) {
    (void)parse_push_protobuf(snappy_of(good.substr(0, length)), 1 << 20);
  }
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2'000; ++round) {
    auto damaged = good;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    const auto pushed = parse_push_protobuf(snappy_of(damaged), 1 << 20);
    if (!pushed) CHECK(pushed.error().code == Errc::invalid);
  }
}

}  // namespace logboom::query
