// What processes and files of the node say: conmon's command line, control groups, our own state.
#include "collector/conmon.h"
#include "collector/node_events_state.h"
#include "collector/run/cgroup.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace logboom;
  const auto text = fuzz::text_of(data, size);
  if (const auto conmon = collector::parse_conmon(text)) {
    fuzz::hold(!conmon->container.empty() && conmon->log.starts_with('/'), "a conmon is whole");
  }
  const auto half = text.substr(0, size / 2), rest = text.substr(size / 2);
  (void)collector::find_cgroup(half, rest);
  if (const auto rows = collector::parse_state(text)) {
    const auto again = collector::parse_state(collector::print_state(*rows));
    fuzz::hold(again && *again == *rows, "state reads as it was printed");
  }
  return 0;
}
