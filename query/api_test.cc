// Loki's API as its clients see it: statuses, shapes, wording.
#include <catch2/catch.hpp>

#include "core/otlp.h"
#include "query/test_api.h"

namespace logboom::query {
namespace {

constexpr std::int64_t kBase = TestApi::kNow - 60'000'000'000;  // a minute ago

std::string ns(std::int64_t seconds_after_base) {
  return std::to_string(kBase + seconds_after_base * 1'000'000'000);
}

std::string range_of_all() { return "&start=" + ns(-10) + "&end=" + ns(100); }

void fill(TestApi& test) {
  const Labels out({{"job", "bot"}, {"stream", "stdout"}}),
      err({{"job", "bot"}, {"stream", "stderr"}});
  test.store.add({{kBase, "one", out, "pod-1"},
                  {kBase + 1'000'000'000, "two", err, "pod-1", Level::error},
                  {kBase + 2'000'000'000, "three", out, "pod-2"}});
}

std::string query_range(TestApi& test, const std::string& parameters, http::Pairs headers = {}) {
  const auto answer = test.call("GET", "/loki/api/v1/query_range?" + parameters + range_of_all(),
                                {}, std::move(headers));
  CHECK(answer.status == 200);
  return without_stats(answer.body);
}

}  // namespace

TEST_CASE("query_range folds columns and level into the streams of stock clients") {
  TestApi test;
  fill(test);
  CHECK(
      query_range(test, "query={job=\"bot\"}") ==
      R"({"status":"success","data":{"resultType":"streams","result":[)"
      R"({"stream":{"job":"bot","pod":"pod-2","stream":"stdout"},"values":[[")" +
          ns(2) +
          R"(","three"]]},)"
          R"({"stream":{"detected_level":"error","job":"bot","pod":"pod-1","stream":"stderr"},"values":[[")" +
          ns(1) +
          R"(","two"]]},)"
          R"({"stream":{"job":"bot","pod":"pod-1","stream":"stdout"},"values":[[")" +
          ns(0) + R"(","one"]]}]}})");
}

TEST_CASE("query_range keeps them apart for clients that ask so") {
  TestApi test;
  fill(test);
  CHECK(
      query_range(test, "query={stream=\"stdout\"}&direction=forward",
                  {{"x-loki-response-encoding-flags", "categorize-labels"}}) ==
      R"({"status":"success","data":{"resultType":"streams","encodingFlags":["categorize-labels"],)"
      R"("result":[{"stream":{"job":"bot","stream":"stdout"},"values":[[")" +
          ns(0) + R"(","one",{"structuredMetadata":{"pod":"pod-1"}}],[")" + ns(2) +
          R"(","three",{"structuredMetadata":{"pod":"pod-2"}}]]}]}})");
}

TEST_CASE("lines have ids for clients that ask so, the same after sealing") {
  TestApi test;
  test.store.add({{kBase, "x"}, {kBase, "y"}});
  const auto ids = [&] { return query_range(test, "search=&direction=forward&flags=line-ids"); };
  const auto before = ids();
  CHECK(before.find(R"("encodingFlags":["line-ids"])") != std::string::npos);
  CHECK(before.find(R"("x",{"id":"ffffffff.)") != std::string::npos);
  CHECK(before.find(".1\"}]]") != std::string::npos);
  REQUIRE(test.store->seal_all().has_value());
  CHECK(ids() == before);
}

TEST_CASE("bytes that are no UTF-8 and control characters come out as valid JSON") {
  TestApi test;
  test.store.add({{kBase, std::string("a\0\xff\x1b[0m\"\n", 9)}});
  CHECK(query_range(test, "search=").find("\"a\\u0000\xef\xbf\xbd\\u001b[0m\\\"\\n\"") !=
        std::string::npos);
}

TEST_CASE("limit, direction and search shape the answer") {
  TestApi test;
  fill(test);
  const auto [parameters, lines] = GENERATE(table<std::string, std::string>({
      {"query={job=\"bot\"}&limit=1", "three"},
      {"query={job=\"bot\"}&limit=1&direction=FORWARD", "one"},
      {"query={job=\"bot\"}%20|=%20\"t\"&limit=10", "three two"},
      {"search=T&limit=10", "three two"},
      {"search=t%20-two", "three"},
      {"query={stream=\"stderr\"}&search=t", "two"},
      {"search={stream=\"stderr\"}", "two"},
      {"query={tool=\"local\",stream=\"stderr\"}", "two"},
      {"query={pod=\"pod-2\"}", "three"},
      {"query={job=\"nobody\"}", ""},
  }));
  CAPTURE(parameters);
  const auto body = query_range(test, parameters);
  std::string found;
  for (const auto* word : {"three", "two", "one"}) {
    if (body.find("\"" + std::string(word) + "\"") == std::string::npos) continue;
    found += (found.empty() ? "" : " ") + std::string(word);
  }
  CHECK(found == lines);
}

TEST_CASE("the stats of an answer are real numbers") {
  TestApi test;
  fill(test);
  const auto body = test.get("/loki/api/v1/query_range?search=" + range_of_all()).body;
  CHECK(body.find(R"("totalBytesProcessed":11,"totalLinesProcessed":3,"totalEntriesReturned":3)") !=
        std::string::npos);
  CHECK(body.find(R"("execTime":0.)") != std::string::npos);
}

TEST_CASE("wrong reads are answered with Loki's status and text") {
  const auto [target, status, text] = GENERATE(table<std::string, int, std::string>({
      {"/loki/api/v1/query_range", 400,
       "parse error at line 1, col 1: syntax error: unexpected $end, expecting {"},
      {"/loki/api/v1/query_range?query={a=~\".*\"}", 400, "parse error : queries require at least"},
      {"/loki/api/v1/query_range?query={a=\"b\"}%20|%20json", 400,
       "not supported yet: the stage json, at line 1, col 11"},
      {"/loki/api/v1/query_range?search=&limit=0", 400, "limit must be a positive value"},
      {"/loki/api/v1/query_range?search=&start=2&end=1", 400,
       "end timestamp must not be before or equal to start time"},
      {"/loki/api/v1/query_range?search=&tool=-bad", 400, ""},
      {"/loki/api/v1/query?query={a=\"b\"}", 400,
       "log queries are not supported as an instant query type, please change your query to a "
       "range "
       "query type"},
      {"/loki/api/v1/query?query=vector(1)", 400, "not supported yet: metric queries"},
      {"/loki/api/v1/label/a-b/values", 400, "invalid label name 'a-b'"},
      {"/loki/api/v1/series?match={a", 400, "parse error at line 1, col 3"},
      {"/loki/api/v1/labels?since=x", 400, "could not parse 'since' parameter"},
      {"/loki/api/v1/format_query?query={", 400, "parse error at line 1, col 2"},
  }));
  CAPTURE(target);
  TestApi test;
  const auto answer = test.get(target);
  CHECK(answer.status == status);
  CHECK(answer.body.starts_with(text));
  CHECK(answer.headers.at(0).second == "text/plain; charset=utf-8");
}

TEST_CASE("a query over its limits is a 400, not a retry") {
  TestApi test({.answer_bytes = 100});
  fill(test);
  const auto answer = test.get("/loki/api/v1/query_range?search=" + range_of_all());
  CHECK(answer.status == 400);
  CHECK(answer.body.find("ask for fewer lines") != std::string::npos);
}

TEST_CASE("label names, values and series list what there is, the tool and columns too") {
  const auto [target, data] = GENERATE(table<std::string, std::string>({
      {"labels?", R"(["job","pod","stream","tool"])"},
      {"label?", R"(["job","pod","stream","tool"])"},
      {"labels?query={job=\"nobody\"}", "[]"},
      {"label/job/values?", R"(["bot"])"},
      {"label/stream/values?", R"(["stderr","stdout"])"},
      {"label/stream/values?query={pod=\"pod-2\"}", R"(["stdout"])"},
      {"label/pod/values?", R"(["pod-1","pod-2"])"},
      {"label/pod/values?query={stream=\"stderr\"}", R"(["pod-1"])"},
      {"label/tool/values?", R"(["local"])"},
      {"label/nothing/values?", "[]"},
      {"series?match[]={stream=\"stderr\"}", R"([{"job":"bot","stream":"stderr","tool":"local"}])"},
      {"series?match={pod=\"pod-2\"}", R"([{"job":"bot","stream":"stdout","tool":"local"}])"},
      {"series?match={}",
       R"([{"job":"bot","stream":"stderr","tool":"local"},{"job":"bot","stream":"stdout","tool":"local"}])"},
      {"series?match={stream=\"stderr\"}&match[]={stream=\"stdout\"}",
       R"([{"job":"bot","stream":"stderr","tool":"local"},{"job":"bot","stream":"stdout","tool":"local"}])"},
  }));
  CAPTURE(target);
  TestApi test;
  fill(test);
  const bool sealed = GENERATE(false, true);
  if (sealed) REQUIRE(test.store->seal_all().has_value());
  const auto answer = test.get("/loki/api/v1/" + target + range_of_all());
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"status":"success","data":)" + data + "}");
}

TEST_CASE("the server tells about itself") {
  TestApi test;
  test.store.add({{1, "x"}}, "b-tool");
  test.store.add({{1, "x"}}, "a-tool");
  CHECK(test.get("/ready").body == "ready\n");
  CHECK(test.get("/api/v1/tools").body == R"({"tools":["a-tool","b-tool"]})");
  CHECK(test.get("/loki/api/v1/status/buildinfo").body.starts_with(R"({"version":"1.2.3")"));
  CHECK(test.get("/metrics").status == 200);
  CHECK(test.get("/loki/api/v1/format_query?query={a=`b`}|=\"c\"").body ==
        R"({"status":"success","data":"{a=\"b\"} |= \"c\""})");
}

TEST_CASE("pushed lines are redacted, given a level and found") {
  TestApi test;
  const auto answer = test.push(R"({"streams":[{"stream":{"job":"web","pod":"p"},"values":[[")" +
                                ns(0) + R"(","ERROR from 192.0.2.7 failed"],[")" + ns(1) +
                                R"(","fine",{"level":"warn"}]]}]})");
  CHECK(answer.status == 204);
  CHECK(answer.body.empty());
  const auto found = query_range(test, "query={job=\"web\"}&direction=forward");
  CHECK(found.find("192.0.2.7") == std::string::npos);
  CHECK(found.find("ERROR from <ip") != std::string::npos);
  CHECK(found.find(R"("detected_level":"error","job":"web","pod":"p")") != std::string::npos);
  CHECK(found.find(R"("detected_level":"warn")") != std::string::npos);
}

TEST_CASE("a push is answered so that its sender does the right thing") {
  TestApi test;
  const std::string good = R"(["1700000000000000000","good"])";
  const auto body = [&](const std::string& values) {
    return R"({"streams":[{"stream":{"job":"a"},"values":[)" + values + "]}]}";
  };
  CHECK(test.push(body(good)).status == 204);
  CHECK(test.push(R"({"streams":[]})").status == 204);

  const auto partly = test.push(body(R"(["x","bad"],["y","bad"],)" + good));
  CHECK(partly.status == 400);
  CHECK(partly.body ==
        "push: the time stamp must be a string of nanoseconds (and 1 more lines refused)\n");
  CHECK(test.push(body(R"(["1700000700000000000","x"])")).body.find("has timestamp too new") !=
        std::string::npos);
  CHECK(test.push("{").status == 400);
  CHECK(test.push(body(good), {{"content-encoding", "br"}}).body ==
        "Content-Encoding \"br\" not supported");
  CHECK(test.push(body(good), {{"x-scope-orgid", "a|b"}}).status == 400);
  CHECK(test.call("POST", "/loki/api/v1/push", body(good))
            .body.starts_with("push: the body is not snappy-compressed protobuf"));
  CHECK(test.call("POST", "/api/prom/push", body(good),
                  {{"content-type", "application/json; charset=utf-8"}})
            .status == 204);
  CHECK(test.get("/loki/api/v1/query_range?search=good&start=1699999999&end=1700000001")
            .body.find(R"("totalEntriesReturned":3)") != std::string::npos);
}

namespace {

class FailingIntake : public Intake {
 public:
  explicit FailingIntake(Errc code) : code_(code) {}
  Result<std::vector<store::Appended>> accept(std::vector<Batch>) override {
    return fail(code_, "not now");
  }

 private:
  Errc code_;
};

std::string otlp_of(const std::string& source, std::uint64_t previous, std::uint64_t next) {
  Batch batch;
  batch.tool = "mytool";
  batch.redacted = true;
  batch.streams.emplace_back(std::vector<Labels::Pair>{{"job", "bot"}});
  batch.span = SourceSpan{source, previous, next};
  batch.records.push_back({.time_ns = kBase, .position = next, .body = "line", .metadata = {}});
  return otlp::encode(batch);
}

}  // namespace

TEST_CASE("failures on the server's side come again, and say when") {
  const auto [code, status] = GENERATE(table<Errc, int>({{Errc::full, 503},
                                                         {Errc::unavailable, 503},
                                                         {Errc::busy, 503},
                                                         {Errc::io, 503},
                                                         {Errc::timeout, 503},
                                                         {Errc::limit, 429},
                                                         {Errc::too_large, 413}}));
  CAPTURE(name(code));
  TestApi test;
  FailingIntake failing(code);
  test.api.intake = &failing;
  const auto pushed = test.push(R"({"streams":[{"stream":{"job":"a"},"values":[["1","x"]]}]})");
  const auto otlp = test.call("POST", "/v1/logs", otlp_of("c/1", 0, 5),
                              {{"content-type", "application/x-protobuf"}});
  for (const auto* answer : {&pushed, &otlp}) {
    CHECK(answer->status == status);
    CHECK(answer->body.find("not now") != std::string::npos);
    const bool again = std::ranges::any_of(
        answer->headers, [](const auto& header) { return header.first == "Retry-After"; });
    CHECK(again == (status == 503 || status == 429));
  }
}

TEST_CASE("OTLP from a collector is stored once, and holes are told") {
  TestApi test;
  const auto send = [&](const std::string& body) {
    return test.call("POST", "/v1/logs", body, {{"content-type", "application/x-protobuf"}});
  };
  CHECK(send(otlp_of("c/1", 0, 5)).status == 200);
  CHECK(send(otlp_of("c/1", 0, 5)).status == 200);
  const auto hole = send(otlp_of("c/1", 9, 12) + otlp_of("c/2", 0, 3) + otlp_of("c/3", 4, 8));
  CHECK(hole.status == 409);
  CHECK(hole.body ==
        R"({"conflicts":[{"source":"c/1","expected":5},{"source":"c/3","expected":0}]})");
  const auto found = test.get("/loki/api/v1/query_range?tool=mytool&search=" + range_of_all()).body;
  CHECK(found.find(R"("totalEntriesReturned":2)") != std::string::npos);
}

TEST_CASE("OTLP from anyone is redacted, and refused in its own encoding") {
  TestApi test;
  const http::Pairs json = {{"content-type", "application/json"}};
  const auto stored = test.call(
      "POST", "/otlp/v1/logs",
      R"({"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"api"}}]},)"
      R"("scopeLogs":[{"logRecords":[{"timeUnixNano":")" +
          ns(0) + R"(","body":{"stringValue":"from 192.0.2.7"}}]}]}]})",
      json);
  CHECK(stored.status == 200);
  CHECK(stored.body == "{}");
  const auto found = query_range(test, "query={service_name=\"api\"}");
  CHECK(found.find("from <ip") != std::string::npos);

  const auto broken = test.call("POST", "/v1/logs", "{", json);
  CHECK(broken.status == 400);
  CHECK(broken.body.starts_with(R"({"code":3,"message":")"));
  const auto garbage = test.call("POST", "/v1/logs", "\xff\xff garbage",
                                 {{"content-type", "application/x-protobuf"}});
  CHECK(garbage.status == 400);
  CHECK(garbage.headers.at(0).second == "application/x-protobuf");
  CHECK(test.call("POST", "/v1/logs", "x", {{"content-type", "text/plain"}}).status == 415);
  CHECK(test.call("POST", "/v1/logs", "", {{"content-type", "application/x-protobuf"}}).status ==
        200);
}

}  // namespace logboom::query
