#include "core/options.h"

#include <catch2/catch.hpp>
#include <tuple>

namespace logboom {
namespace {

struct Example {
  std::string listen = "127.0.0.1:3100";
  std::string brokers;
  bool tls = false;
  std::int64_t threads = 4;
  ByteSize limit{16 << 20};
  std::chrono::milliseconds age{300'000};
  std::vector<std::string> files;
  OptionTable table;

  Example() {
    table.add("server.listen", "--listen", &listen, "ADDRESS:PORT", "Where to serve HTTP");
    table.add("kafka.brokers", "--kafka", &brokers, "HOST:PORT,...", "Ship through Kafka");
    table.add("server.tls", "--tls", &tls, "", "Serve TLS");
    auto& row = table.add("server.threads", "--threads", &threads, "N", "Worker threads");
    row.least = 1;
    row.most = 64;
    table.add("server.limit", "", &limit, "SIZE", "Largest body");
    auto& time = table.add("store.age", "--age", &age, "TIME", "Seal after");
    time.least = 1000;
    time.most = 3'600'000;
    table.add("collect.files", "--file", &files, "GLOB", "Follow these files");
  }
};

}  // namespace

TEST_CASE("the file sets the targets and the command line wins") {
  Example example;
  REQUIRE(
      example.table.load("server:\n  listen: 0.0.0.0:1\n  limit: 2MiB\n  tls: yes\n"
                         "store: {age: 10m}\ncollect:\n  files: [a, b]\nkafka:\n",
                         "x.yml"));
  CHECK(example.limit.bytes == 2 << 20);
  CHECK(example.age == std::chrono::minutes(10));
  CHECK(example.files == std::vector<std::string>{"a", "b"});
  auto parsed = example.table.parse(
      {"--listen=:2", "--no-tls", "--file", "c", "--file", "d", "x", "--", "--y"});
  REQUIRE(parsed);
  CHECK(example.listen == ":2");
  CHECK_FALSE(example.tls);
  CHECK(example.files == std::vector<std::string>{"c", "d"});
  CHECK(parsed->rest == std::vector<std::string>{"x", "--y"});
}

TEST_CASE("a bad config is refused with its line and a remedy") {
  auto [yaml, message] = GENERATE(table<std::string, std::string>({
      {"kafka:\n  broker: x\n",
       "x.yml:2: unknown key 'kafka.broker'; did you mean 'kafka.brokers'?"},
      {"kafk:\n  brokers: x\n", "x.yml:1: unknown key 'kafk'; did you mean 'kafka'?"},
      {"server:\n  threads: many\n", "x.yml:2: 'server.threads': 'many' is not a whole number"},
      {"server:\n  threads: 99\n",
       "x.yml:2: 'server.threads': 99 is out of range: between 1 and 64"},
      {"store:\n  age: 1ms\n", "x.yml:2: 'store.age': 1ms is out of range: between 1s and 1h"},
      {"server:\n  tls: maybe\n", "x.yml:2: 'server.tls': 'maybe' is neither true nor false"},
      {"server:\n  listen: [a]\n", "x.yml:2: 'server.listen' needs a single value (ADDRESS:PORT)"},
      {"server: 3\n", "x.yml:1: 'server' is a section and needs keys below it"},
      {"- a\n", "x.yml:1: needs 'key: value' lines"},
      {"server:\n  tls: yes\n  tls: no\n", "x.yml:3: 'server.tls' stands here twice"},
      {"a: [\n", "x.yml:2: end of sequence flow not found"},
  }));
  CAPTURE(yaml);
  Example example;
  auto loaded = example.table.load(yaml, "x.yml");
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message == message);
}

TEST_CASE("nesting bombs and huge files are refused, not followed") {
  Example example;
  CHECK_FALSE(example.table.load(std::string(100'000, '['), "x.yml"));
  CHECK_FALSE(example.table.load(std::string(100'000, '-'), "x.yml"));
  CHECK_FALSE(example.table.load(std::string(2 << 20, ' '), "x.yml"));
  CHECK_FALSE(example.table.load_file("/"));
  CHECK(example.table.load_file("/nowhere.yml").error().code == Errc::not_found);
}

TEST_CASE("a bad command line says what was meant") {
  Example example;
  CHECK(example.table.parse({"--lisen", "x"}).error().message ==
        "unknown flag '--lisen'; did you mean '--listen'?");
  CHECK(example.table.parse({"--listen"}).error().message ==
        "--listen needs a value: --listen ADDRESS:PORT");
  CHECK(example.table.parse({"--threads", "0"}).error().message ==
        "--threads: 0 is out of range: between 1 and 64");
}

TEST_CASE("help and docs come from the table") {
  const Example example;
  CHECK(example.table.help().find("--listen ADDRESS:PORT") != std::string::npos);
  CHECK(example.table.help().find("[127.0.0.1:3100]") != std::string::npos);
  CHECK(example.table.markdown().find("| `store.age` | `--age` | `TIME` | `5m` | Seal after |") !=
        std::string::npos);
}

TEST_CASE("sizes") {
  CHECK(parse_byte_size("64KiB")->bytes == 65536);
  CHECK(parse_byte_size("1 MB")->bytes == 1'000'000);
  CHECK(parse_byte_size("7")->bytes == 7);
  CHECK_FALSE(parse_byte_size("lots"));
  CHECK_FALSE(parse_byte_size("-1"));
  CHECK_FALSE(parse_byte_size("99999999999TiB"));
  CHECK(format_byte_size({65536}) == "64KiB");
  CHECK(format_byte_size({1500}) == "1500");
}

}  // namespace logboom
