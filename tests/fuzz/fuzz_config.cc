// A config file: loaded, or an error that names a place in it. Flags take the same values.
#include <chrono>
#include <string>
#include <vector>

#include "core/options.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace logboom;
  const auto text = fuzz::text_of(data, size);
  std::string listen = "127.0.0.1:1", brokers;
  bool tail = true;
  std::int64_t threads = 4;
  ByteSize cache{1024};
  std::chrono::milliseconds wait{100};
  std::vector<std::string> files;
  OptionTable table;
  table.add("server.listen", "--listen", &listen, "ADDRESS:PORT", "Where to serve HTTP");
  table.add("kafka.brokers", "--kafka", &brokers, "BROKERS", "The brokers");
  table.add("server.tail", "--tail", &tail, "", "Whether tail is served");
  auto& row = table.add("server.threads", "--threads", &threads, "N", "Threads");
  row.least = 1;
  row.most = 64;
  table.add("store.cache", "--cache", &cache, "SIZE", "Memory for the cache");
  table.add("store.wait", "--wait", &wait, "DURATION", "How long to wait");
  table.add("collect.files", "--file", &files, "GLOB", "Files to read");

  const auto loaded = table.load(text, "fuzz.yml");
  if (!loaded) fuzz::hold(loaded.error().message.contains("fuzz.yml"), "an error names the file");
  fuzz::hold(!loaded || (threads >= 1 && threads <= 64), "a loaded number is in its range");

  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < text.size() && arguments.size() < 16;) {
    const auto end = std::min(text.find('\n', at), text.size());
    arguments.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  if (const auto parsed = table.parse(arguments); !parsed) {
    fuzz::hold(!parsed.error().message.empty(), "an error says what is wrong");
  }
  return 0;
}
