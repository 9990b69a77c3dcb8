// Anyone else's OTLP, mostly as OTLP/JSON, which reaches the protobuf reader by way of its own.
#include <catch2/catch.hpp>

#include "core/otlp.h"
#include "core/time.h"

namespace logboom::otlp {
namespace {

Decoded read(std::string_view json) {
  auto decoded = decode_json(json, "caller");
  if (!decoded) FAIL(decoded.error().message);
  return std::move(*decoded);
}

// The request around one record.
std::string around(const std::string& record, const std::string& resource = "",
                   const std::string& scope = "") {
  return R"({"resourceLogs":[{"resource":{"attributes":[)" + resource +
         R"(]},"scopeLogs":[{"scope":{)" + scope + R"(},"logRecords":[)" + record + "]}]}]}";
}

std::string text(const std::string& key, const std::string& value) {
  return R"({"key":")" + key + R"(","value":{"stringValue":")" + value + R"("}})";
}

std::string nested(int depth) {
  std::string value = R"({"stringValue":"x"})";
  for (int i = 0; i < depth; ++i) value = R"({"arrayValue":{"values":[)" + value + "]}}";
  return value;
}

using Metadata = std::vector<std::pair<std::string, std::string>>;
Metadata copy(const std::vector<Attribute>& attributes) {
  return {attributes.begin(), attributes.end()};
}

}  // namespace

TEST_CASE("a request of an SDK becomes a batch: labels, columns and metadata by Loki's rules") {
  const Decoded decoded = read(around(
      R"({"timeUnixNano":"1700000000000000001","severityNumber":13,"severityText":"WARN",
          "body":{"stringValue":"disk \"sda\" \u00e9"},
          "attributes":[{"key":"http.method","value":{"stringValue":"GET"}},
                        {"key":"count","value":{"intValue":"7"}}],
          "traceId":"0102030405060708090A0B0C0D0E0F10","spanId":"0102030405060708"})",
      text("service.name", "web") + "," + text("k8s.pod.name", "web-1") + "," +
          text("k8s.namespace.name", "tool-x") + "," + text("service.instance.id", "i-1") + "," +
          text("host.name", "node1"),
      R"("name":"lib","version":"2","attributes":[)" + text("scope.key", "v") + "]"));
  REQUIRE(decoded.batches.size() == 1);
  CHECK(decoded.rejected == 0);
  const Batch& batch = decoded.batches[0];
  CHECK(batch.tool == "caller");
  CHECK_FALSE(batch.redacted);
  CHECK_FALSE(batch.span);
  CHECK(batch.streams ==
        std::vector{Labels({{"service_name", "web"}, {"k8s_namespace_name", "tool-x"}})});
  CHECK(copy(batch.columns) == Metadata{{"k8s_pod_name", "web-1"},
                                        {"service_instance_id", "i-1"},
                                        {"host_name", "node1"}});
  REQUIRE(batch.records.size() == 1);
  const Record& record = batch.records[0];
  CHECK(record.time_ns == 1700000000000000001);
  CHECK(record.level == Level::warn);
  CHECK(record.body == "disk \"sda\" \xc3\xa9");
  CHECK(copy(record.metadata) == Metadata{{"scope_name", "lib"},
                                          {"scope_version", "2"},
                                          {"scope_key", "v"},
                                          {"http_method", "GET"},
                                          {"count", "7"},
                                          {"trace_id", "0102030405060708090a0b0c0d0e0f10"},
                                          {"span_id", "0102030405060708"}});
}

TEST_CASE("a batch without any label gets service_name=unknown_service") {
  const Decoded decoded = read(around(R"({"body":{"stringValue":"x"}})", text("host.name", "n")));
  REQUIRE(decoded.batches.size() == 1);
  CHECK(decoded.batches[0].streams == std::vector{Labels({{"service_name", "unknown_service"}})});
}

TEST_CASE("bodies that are no text are rendered as JSON") {
  const auto [body, line] = GENERATE(table<std::string, std::string>({
      {R"({"stringValue":"plain"})", "plain"},
      {R"({"boolValue":true})", "true"},
      {R"({"intValue":"-9223372036854775808"})", "-9223372036854775808"},
      {R"({"intValue":42})", "42"},
      {R"({"doubleValue":0.5})", "0.5"},
      {R"({"doubleValue":"-Infinity"})", R"("-Infinity")"},
      {R"({"bytesValue":"AP8="})", std::string("\0\xff", 2)},
      {R"({"bytesValue":"AP8"})", std::string("\0\xff", 2)},
      {R"({"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"a\"b"},{}]}})",
       R"([1,"a\"b",null])"},
      {R"({"kvlistValue":{"values":[{"key":"k\n","value":{"bytesValue":"AP8="}},
                                    {"key":"e","value":{"arrayValue":{}}}]}})",
       R"({"k\n":"AP8=","e":[]})"},
      {R"({})", ""},
  }));
  CAPTURE(body);
  const Decoded decoded = read(around("{\"body\":" + body + "}"));
  REQUIRE(decoded.batches.size() == 1);
  CHECK(decoded.batches[0].records.at(0).body == line);
}

TEST_CASE("the level is the number's, else the text's, else the line's") {
  const auto [fields, level] = GENERATE(table<std::string, Level>({
      {R"("severityNumber":17)", Level::error},
      {R"("severityNumber":"SEVERITY_NUMBER_DEBUG3")", Level::debug},
      {R"("severityNumber":"SEVERITY_NUMBER_UNSPECIFIED","severityText":"Fatal")", Level::critical},
      {R"("severityText":"warning")", Level::warn},
      {R"("body":{"stringValue":"level=error x"})", Level::error},
      {R"("body":{"stringValue":"hello"})", Level::unknown},
  }));
  CAPTURE(fields);
  CHECK(read(around("{" + fields + "}")).batches.at(0).records.at(0).level == level);
}

TEST_CASE("a record without a usable time takes the observed one, else now") {
  const auto time_of = [](const std::string& fields) {
    return read(around("{" + fields + "}")).batches.at(0).records.at(0).time_ns;
  };
  CHECK(time_of(R"("observedTimeUnixNano":"5")") == 5);
  CHECK(time_of(R"("timeUnixNano":"0","observedTimeUnixNano":"5")") == 5);
  CHECK(time_of(R"("timeUnixNano":7,"observedTimeUnixNano":"5")") == 7);
  const std::int64_t before = now_ns();
  CHECK(time_of("") >= before);
  CHECK(time_of(R"("timeUnixNano":"18446744073709551615")") >= before);
}

TEST_CASE("records over the limits are rejected and counted, their neighbours kept") {
  std::string many, bad;
  for (std::size_t i = 0; i <= kMaxMetadataEntries; ++i)
    many += (i == 0 ? "" : ",") + text("k" + std::to_string(i), "v");
  SECTION("too many attributes") { bad = R"({"attributes":[)" + many + "]}"; }
  SECTION("too many bytes of attributes") {
    bad = R"({"attributes":[)" + text("k", std::string(kMaxMetadata, 'x')) + "]}";
  }
  SECTION("a body nested too deep") { bad = R"({"body":)" + nested(33) + "}"; }
  const Decoded decoded =
      read(around(R"({"body":{"stringValue":"a"}},)" + bad + R"(,{"body":{"stringValue":"b"}})"));
  CHECK(decoded.rejected == 1);
  CHECK_FALSE(decoded.reason.empty());
  REQUIRE(decoded.batches.size() == 1);
  REQUIRE(decoded.batches[0].records.size() == 2);
  CHECK(decoded.batches[0].records[1].body == "b");
}

TEST_CASE("nesting up to the limit is rendered") {
  CHECK(read(around(R"({"body":)" + nested(32) + "}")).batches.at(0).records.at(0).body ==
        std::string(32, '[') + "\"x\"" + std::string(32, ']'));
}

TEST_CASE("a resource with more labels than allowed, or too long ones, keeps them as columns") {
  const Decoded decoded =
      read(around("{}", text("service.name", std::string(kMaxLabelValue + 1, 'x')) + "," +
                            text("cloud.region", "eu")));
  const Batch& batch = decoded.batches.at(0);
  CHECK(batch.streams.at(0) == Labels({{"cloud_region", "eu"}}));
  CHECK(batch.columns.at(0).first == "service_name");
}

TEST_CASE("a long foreign line is cut and says so") {
  const Decoded decoded =
      read(around(R"({"body":{"stringValue":")" + std::string(kMaxLine + 10, 'x') + "\"}}"));
  const Record& record = decoded.batches.at(0).records.at(0);
  CHECK(record.body.size() == kMaxLine);
  CHECK(copy(record.metadata) == Metadata{{"truncated", std::to_string(kMaxLine + 10)}});
}

TEST_CASE("unknown fields and empty parts of a request are passed over") {
  const auto json = GENERATE(
      as<std::string>{}, "{}", R"({"resourceLogs":[]})", R"({"resourceLogs":null,"x":[1]})",
      R"({"resourceLogs":[{}]})", R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[]}]}]})",
      R"({"resourceLogs":[{"schemaUrl":"u","scopeLogs":[{"scope":null,"schemaUrl":"u"}]}]})");
  CAPTURE(json);
  const Decoded decoded = read(json);
  CHECK(decoded.batches.empty());
  CHECK(decoded.rejected == 0);
}

TEST_CASE("wrong JSON is refused with the place of the mistake") {
  const auto [json, word] = GENERATE(table<std::string, std::string>({
      {"", "not an object"},
      {"[]", "not an object"},
      {"{", "not an object"},
      {"\xff", "not an object"},
      {std::string(10'000, '['), "not an object"},
      {R"({"resourceLogs":{}})", "resourceLogs: not an array"},
      {R"({"resourceLogs":[1]})", "resourceLogs[0]: element: not an object"},
      {R"({"resourceLogs":[{"resource":1}]})", "resourceLogs[0]: resource: not an object"},
      {around(R"({},{"body":"text"})"), "logRecords[1]: body: not an object"},
      {around(R"({"body":{"stringValue":1}})"), "body: stringValue: not a string"},
      {around(R"({"body":{"intValue":"x"}})"), "intValue: not an integer"},
      {around(R"({"body":{"intValue":"9223372036854775808"}})"), "intValue: not an integer"},
      {around(R"({"body":{"doubleValue":"x"}})"), "doubleValue: not a number"},
      {around(R"({"body":{"boolValue":1}})"), "boolValue: not true or false"},
      {around(R"({"body":{"bytesValue":"*"}})"), "bytesValue: not base64"},
      {around(R"({"body":{"bytesValue":"AAAAA"}})"), "bytesValue: not base64"},
      {around(R"({"timeUnixNano":"-1"})"), "timeUnixNano: not an integer"},
      {around(R"({"timeUnixNano":1.5})"), "timeUnixNano: not an integer"},
      {around(R"({"traceId":"0g"})"), "traceId: not hexadecimal"},
      {around(R"({"severityNumber":"LOUD"})"), "severityNumber: not a severity"},
      {around(R"({"attributes":[{"key":1}]})"), "attributes[0]: key: not a string"},
  }));
  CAPTURE(json.substr(0, 200));
  const auto decoded = decode_json(json, "x");
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == Errc::invalid);
  CHECK_THAT(decoded.error().message, Catch::Contains(word));
}

TEST_CASE("very deep JSON inside a value is refused, not followed") {
  const auto decoded = decode_json(around(R"({"body":)" + nested(5000) + "}"), "x");
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == Errc::invalid);
}

TEST_CASE("many small resources share their copies: memory stays near the request's size") {
  std::string json = R"({"resourceLogs":[)";
  for (int i = 0; i < 5000; ++i)
    json += (i == 0 ? "" : ",") + std::string(R"({"resource":{"attributes":[)") +
            text("host.name", std::to_string(i)) +
            R"(]},"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}}]}]})";
  const Decoded decoded = read(json + "]}");
  REQUIRE(decoded.batches.size() == 5000);
  for (std::size_t i = 0; i < 5000; ++i) {
    CHECK(copy(decoded.batches[i].columns) == Metadata{{"host_name", std::to_string(i)}});
    CHECK(decoded.batches[i].arena.size_bytes() == 0);  // no chunk of its own
  }
}

}  // namespace logboom::otlp
